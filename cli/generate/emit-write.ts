import { tagOf } from './emit-read.ts';
import type { FieldModel, MessageModel, OneofModel, ValueModel } from './model.ts';
import { isInt64, type Scope } from './scope.ts';
import { call, callWithArray, guarded, type Item, ifAny, lineWidth, listed, quoted } from './text.ts';

/** Emits the property names of a message, and the function that writes its fields in the order of their numbers. */
export function emitWrite(scope: Scope, message: MessageModel): string {
  const { init } = scope.names(message);
  const w = message.properties.length === 0 ? '_w' : 'w';
  const head = listed(
    `function ${scope.write(message)}`,
    '(',
    [`${w}: $.Writer`, `m: ${init}`, 'depth: number'],
    '): void {',
  );
  const steps = stepsOf(message)
    .map(step => writeStep(scope, step))
    .join('');
  const keys = message.properties.map(({ key }) => quoted(key));
  const known = listed(`const ${scope.keys(message)}: readonly string[] = `, '[', keys, '];');
  // After the steps, whose errors are more specific.
  const check = call('  $.checkKeys', ['m', scope.keys(message), quoted(message.fullName)]);
  return `${known}\n\n${head}\n${propertiesOf(scope, message)}${steps}${check}\n}`;
}

/** Each property is read only once, because it may be a getter. */
function propertiesOf(scope: Scope, { properties }: MessageModel): string {
  const [inherited, plain] = [properties.filter(({ key }) => key in {}), properties.filter(({ key }) => !(key in {}))];
  const names = plain.map(({ key }) => (scope.local(key) === key ? key : `${key}: ${scope.local(key)}`));
  const lines = ['  $.checkMessage(m, depth);'];
  const head = `  const { ${names.join(', ')} } =`;
  if (head.length <= lineWidth && head.length + 3 > lineWidth) lines.push(head, '    m;');
  else if (names.length > 0) lines.push(listed('  const ', '{', names, '} = m;'));
  for (const { key } of inherited) lines.push(`  const ${scope.local(key)} = $.own(m, ${quoted(key)});`);
  return `${lines.join('\n')}\n`;
}

/** A field, or the members of a oneof with consecutive numbers. */
type Step = FieldModel | { readonly oneof: OneofModel; readonly members: FieldModel[]; readonly first: boolean };

function stepsOf({ properties }: MessageModel): Step[] {
  const fields = properties.flatMap(each => (each.shape === 'oneof' ? each.members : [each]));
  const unions = new Map<FieldModel, OneofModel>(
    properties.flatMap(each => (each.shape === 'oneof' ? each.members.map(one => [one, each] as const) : [])),
  );
  const steps: Step[] = [];
  const seen = new Set<OneofModel>();
  for (const field of fields.sort((a, b) => a.number - b.number)) {
    const oneof = unions.get(field);
    const last = steps.at(-1);
    if (!oneof) steps.push(field);
    else if (last && 'oneof' in last && last.oneof === oneof) last.members.push(field);
    else steps.push({ oneof, members: [field], first: !seen.has(oneof) });
    if (oneof) seen.add(oneof);
  }
  return steps;
}

function writeStep(scope: Scope, step: Step): string {
  if ('oneof' in step) return writeOneof(scope, step.oneof, step.members, step.first);
  const variable = scope.local(step.key);
  if (step.required) {
    const given = `$.required(${variable}, ${quoted(step.key)})`;
    return `${writeValue(scope, step, given, quoted(step.key))('  ')}\n`;
  }
  if (step.shape === 'repeated' && step.packed)
    return `${guarded(`  if (${variable} !== undefined)`, pack(scope, step, variable))}\n`;
  if (step.shape === 'repeated') return writeList(scope, step, variable);
  if (step.shape === 'map') return writeMap(scope, step, variable);
  const condition = `  if (${variable} !== undefined${step.presence ? '' : ` && ${notZero(scope, step.value, variable)}`})`;
  return `${guarded(condition, writeValue(scope, step, variable, quoted(step.key)))}\n`;
}

function notZero(scope: Scope, { scalar, zero }: ValueModel, variable: string): string {
  if (scalar === 'bytes') return `!$.isNoBytes(${variable})`;
  if (scalar === 'double' || scalar === 'float') return `!$.isZero(${variable})`;
  if (typeof zero === 'bigint') {
    const zeros = scope.int64 === 'string' ? ["'0'", '0', '0n'] : ['0', '0n'];
    return zeros.map(each => `${variable} !== ${each}`).join(' && ');
  }
  return `${variable} !== ${typeof zero === 'string' ? quoted(zero) : zero}`;
}

type Statement = (before: string) => string;

/** Emits code that writes a value. `at` is the index or the map key of an element. */
function writeValue(
  scope: Scope,
  { number, value }: Pick<FieldModel, 'number' | 'value'>,
  given: string,
  key: string,
  at?: string,
): Statement {
  const tag = String(tagOf(number, value.wire));
  const place = at === undefined ? [] : [at];
  if (value.ref?.kind === 'message') {
    const args = ['w', tag, given, key, 'depth', scope.write(value.ref), ...place];
    return before => call(`${before}$.write${value.group ? 'Group' : 'Message'}`, args);
  }
  const closed = (): Item => ({ callee: '$.oneOf', args: [...enumArgs(scope, value), given, key, ...place] });
  const converted = value.closed ? closed() : isDecimal(scope, value) ? `$.fromDecimal(${given})` : given;
  return before => call(`${before}$.write${scalarName(value)}`, ['w', tag, converted, key, ...place]);
}

function enumArgs(scope: Scope, { ref }: ValueModel): string[] {
  return [scope.names(ref!).name, quoted(ref!.fullName)];
}

function isDecimal(scope: Scope, { scalar }: ValueModel): boolean {
  return scope.int64 === 'string' && isInt64(scalar);
}

function scalarName({ scalar }: ValueModel): string {
  const name = scalar === 'unverified' ? 'string' : scalar!;
  return `${name.charAt(0).toUpperCase()}${name.slice(1)}`;
}

function pack(scope: Scope, { key, number, value }: FieldModel, variable: string): Statement {
  const name = quoted(key);
  const closed = (): Item => ({ callee: '$.allOf', args: [...enumArgs(scope, value), variable, name] });
  const decimals = `$.fromDecimals(${variable}, ${name})`;
  const given = value.closed ? closed() : isDecimal(scope, value) ? decimals : variable;
  return before => call(`${before}$.pack${scalarName(value)}`, ['w', String(tagOf(number, 2)), given, name]);
}

function writeList(scope: Scope, field: FieldModel, variable: string): string {
  const loop = guarded(
    '    for (let i = 0; i < n; i++)',
    writeValue(scope, field, `${variable}[i]`, quoted(field.key), 'i'),
  );
  return `  if (${variable} !== undefined) {
    const n = $.checkList(${variable}, ${quoted(field.key)});
${loop}
  }
`;
}

function writeMap(scope: Scope, field: FieldModel, variable: string): string {
  const key = quoted(field.key);
  const { scalar } = field.mapKey!;
  const given = scalar === 'string' || scalar === 'unverified' ? 'k' : `$.mapKey(${quoted(scalar!)}, k, ${key})`;
  const lines = [
    `w.uint32(${tagOf(field.number, 2)}).fork();`,
    writeValue(scope, { number: 1, value: field.mapKey! }, given, key, 'k')(''),
    writeValue(scope, { number: 2, value: field.value }, `${variable}[k]`, key, 'k')('      ').trimStart(),
    'w.ldelim();',
  ];
  return `  if (${variable} !== undefined) {
    for (const k of $.keysOf(${variable}, ${key})) {
${lines.map(line => `      ${line}\n`).join('')}    }
  }
`;
}

function writeOneof(scope: Scope, oneof: OneofModel, members: readonly FieldModel[], first: boolean): string {
  const variable = scope.local(oneof.key);
  const inOrder = [...oneof.members].sort((a, b) => a.number - b.number);
  const names = inOrder.map(({ key }) => quoted(key));
  const cases = members.map(member => {
    const write = writeValue(scope, member, `${variable}.value`, quoted(`${oneof.key}.value`));
    return `      case ${quoted(member.key)}:\n${write('        ')}\n        break;\n`;
  });
  if (!first) return `  if (${variable} !== undefined) {\n${switchOn(variable, cases)}  }\n`;
  const others = inOrder.filter(member => !members.includes(member)).map(({ key }) => `      case ${quoted(key)}:\n`);
  if (others.length > 0) cases.push(`${others.join('')}        break;\n`);
  const key = quoted(oneof.key);
  cases.push(`      default:\n${callWithArray('        $.refuseCase', [variable, key], names)}\n`);
  const loose = ifAny(
    '    ',
    names.map(name => `${name} in m`),
  );
  return `  if (${variable} === undefined) {
${guarded(loose, at => callWithArray(`${at}$.refuseLoose`, ['m', key], names))}
  } else {
    $.checkUnion(${variable}, ${key});
${switchOn(variable, cases)}  }
`;
}

function switchOn(variable: string, cases: readonly string[]): string {
  return `    switch (${variable}.case) {\n${cases.join('')}    }\n`;
}
