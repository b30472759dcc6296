import type { FieldModel, MessageModel, OneofModel, Scalar, ValueModel, Zero } from './model.ts';
import { isInt64, readType, type Scope } from './scope.ts';
import { guarded, listed, quoted } from './text.ts';

/** Emits the function that reads the fields of a message, and the functions that read the entries of its maps. */
export function emitRead(scope: Scope, message: MessageModel): string {
  const { name } = scope.names(message);
  const maps: string[] = [];
  const fields = message.properties.flatMap(each => (each.shape === 'oneof' ? each.members : [each]));
  const cases = fields.map(field => {
    if (field.shape !== 'map') return readField(scope, message, field);
    const readEntry = scope.own(`${scope.read(message)}_${field.key}`);
    maps.push(mapReader(scope, readEntry, field));
    return oneCase(tagOf(field.number, 2), `${readEntry}(r, depth, m.${field.key});`);
  });
  const parameters = ['r: $.Reader', 'depth: number', 'end: number', `into: ${name} | undefined`];
  const read = `${listed(`function ${scope.read(message)}`, '(', parameters, `): ${name} {`)}
  const m = (into ?? ${template(scope, message)}) as $.Draft<${name}>;
  let tag: number;
  while ((tag = $.nextTag(r, end)) !== end) {
    switch (tag) {
${cases.join('')}      default:
        r.skipType(tag & 7, depth, tag >>> 3);
    }
  }
${emptyOnes(message)}${requiredOnes(message)}  return m;
}`;
  return [read, ...maps].join('\n\n');
}

/**
 * Emits defaults that are created only for an absent field. Usually the field is present, and an empty array of bytes
 * costs as much as the rest of a small message.
 */
function emptyOnes({ properties }: MessageModel): string {
  return properties
    .filter(each => each.shape !== 'oneof' && isEmptyAtFirst(each))
    .map(({ key }) => `  m.${key} ??= $.noBytes();\n`)
    .join('');
}

function isEmptyAtFirst(field: FieldModel): boolean {
  const { shape, required, presence, value } = field;
  return (
    shape === 'singular' && !required && !presence && field.default === undefined && typeof value.zero === 'object'
  );
}

function requiredOnes({ fullName, properties }: MessageModel): string {
  return properties
    .filter(each => each.shape !== 'oneof' && each.required)
    .map(
      ({ key }) =>
        `${guarded(`  if (m.${key} === undefined)`, at => `${at}throw $.missing(${quoted(`${fullName}.${key}`)});`)}\n`,
    )
    .join('');
}

function template(scope: Scope, { properties }: MessageModel): string {
  if (properties.length === 0) return '{}';
  return `{\n${properties.map(each => `    ${each.key}: ${atFirst(scope, each)},\n`).join('')}  }`;
}

function atFirst(scope: Scope, property: FieldModel | OneofModel): string {
  if (property.shape === 'oneof') return 'undefined';
  if (property.shape === 'repeated') return '[]';
  if (property.shape === 'map') return '{}';
  if (property.required || isEmptyAtFirst(property)) return 'undefined as never';
  if (property.default !== undefined) {
    if (property.value.scalar === 'bytes') return `$.latin1(${quoted(String(property.default))})`;
    return literal(scope, property.default, property.value.scalar);
  }
  return property.presence ? 'undefined' : literal(scope, property.value.zero, property.value.scalar);
}

function literal(scope: Scope, value: Zero, scalar: Scalar | undefined): string {
  if (typeof value === 'string') return quoted(value);
  if (typeof value === 'boolean') return String(value);
  if (typeof value === 'object') return '$.noBytes()';
  if (isInt64(scalar))
    return scope.int64 === 'bigint' ? `${value}n` : scope.int64 === 'string' ? `'${value}'` : String(value);
  if (Number.isNaN(value)) return 'NaN';
  return Object.is(value, -0) ? '-0' : String(value);
}

function readField(scope: Scope, message: MessageModel, field: FieldModel): string {
  const { key, value, shape } = field;
  const tag = tagOf(field.number, value.wire);
  const target = `m.${key}`;
  if (shape === 'repeated') {
    const unpacked = value.closed
      ? closedCase(scope, tag, value, name => `${target}.push(${name})`)
      : oneCase(tag, `${target}.push(${valueReader(scope, field, 'undefined')});`);
    return field.packable ? unpacked + packedCase(scope, field) : unpacked;
  }
  const assign =
    shape === 'singular'
      ? (text: string) => `${target} = ${text}`
      : (text: string) => `m.${oneofKey(message, field)} = { case: ${quoted(key)}, value: ${text} }`;
  if (value.closed) return closedCase(scope, tag, value, assign);
  const before = shape === 'singular' ? target : `$.memberOf(m.${oneofKey(message, field)}, ${quoted(key)})`;
  return oneCase(tag, `${assign(valueReader(scope, field, before))};`);
}

function oneofKey({ properties }: MessageModel, field: FieldModel): string {
  return properties.find(each => each.shape === 'oneof' && each.members.includes(field))!.key;
}

function packedCase(scope: Scope, { key, number, value }: FieldModel): string {
  const tag = tagOf(number, 2);
  if (value.closed) {
    const inner = `
        const outer = $.enter(r);
        while (r.pos < r.len) {
          const value = ${scalarReader(scope, value)};
          if ($.isOneOf(${scope.names(value.ref!).name}, value)) m.${key}.push(value);
        }
        r.len = outer;`;
    return `      case ${tag}: {${inner}\n        break;\n      }\n`;
  }
  const { scalar } = value;
  if (scalar === 'int32' || scalar === 'uint32') return oneCase(tag, `${readerOf(scalar)}s(r, m.${key});`);
  if (!isInt64(scalar)) return oneCase(tag, `r.${scalar}s(m.${key});`);
  const one = scope.int64 === 'bigint' ? readerOf(scalar!) : `r => ${scalarReader(scope, value)}`;
  return oneCase(tag, `$.readPacked(r, m.${key}, ${one});`);
}

function oneCase(tag: number, statement: string): string {
  return `      case ${tag}:\n        ${statement}\n        break;\n`;
}

function closedCase(scope: Scope, tag: number, value: ValueModel, assign: (text: string) => string): string {
  const condition = `        if ($.isOneOf(${scope.names(value.ref!).name}, value))`;
  const lines = [
    `        const value = ${scalarReader(scope, value)};`,
    guarded(condition, at => `${at}${assign('value')};`),
  ];
  return `      case ${tag}: {\n${lines.join('\n')}\n        break;\n      }\n`;
}

/** Emits code that reads one value. A message is merged into the one in `before`. */
function valueReader(scope: Scope, { number, value }: FieldModel, before: string): string {
  const { ref } = value;
  if (ref?.kind === 'message') {
    const read = scope.read(ref);
    return value.group
      ? `$.readGroup(r, depth, ${tagOf(number, 4)}, ${read}, ${before})`
      : `$.readMessage(r, depth, ${read}, ${before})`;
  }
  const text = scalarReader(scope, value);
  return ref ? `${text} as ${scope.names(ref).name}` : text;
}

function scalarReader(scope: Scope, { scalar }: ValueModel): string {
  if (isInt64(scalar)) {
    const read = `${readerOf(scalar!)}(r)`;
    return scope.int64 === 'bigint' ? read : `$.as${scope.int64 === 'string' ? 'String' : 'Number'}(${read})`;
  }
  if (scalar === 'string') return '$.readString(r)';
  if (scalar === 'bytes') return '$.readBytes(r)';
  return scalar === 'unverified' ? 'r.string()' : `r.${scalar}()`;
}

function readerOf(scalar: Scalar): string {
  return `$.read${scalar.charAt(0).toUpperCase()}${scalar.slice(1)}`;
}

function mapReader(scope: Scope, name: string, { mapKey, value }: FieldModel): string {
  const type = readType(scope, value);
  const asBigint: Scope = { ...scope, int64: 'bigint' };
  const key = mapKey!.scalar === 'string' || mapKey!.scalar === 'unverified' ? 'key' : `\`\${key}\``;
  const isMessage = value.ref?.kind === 'message';
  const start = isMessage
    ? `let value: ${type} | undefined;`
    : value.ref && !value.closed
      ? `let value: ${type} = ${literal(scope, value.zero, value.scalar)};`
      : `let value = ${literal(scope, value.zero, value.scalar)};`;
  const readValue = isMessage
    ? `$.readMessage(r, depth, ${scope.read(value.ref!)}, value)`
    : `${scalarReader(scope, value)}${value.ref && !value.closed ? ` as ${type}` : ''}`;
  const entry = isMessage ? `value ?? ${scope.read(value.ref!)}(r, depth, $.noTag, undefined)` : 'value';
  // Only a string key can be `__proto__`.
  const set = key === 'key' ? `$.setEntry(map, key, ${entry});` : `map[${key}] = ${entry};`;
  const parameters = ['r: $.Reader', 'depth: number', `map: { [key: string]: ${type} }`];
  return `${listed(`function ${name}`, '(', parameters, '): void {')}
  const outer = $.enter(r);
  let key = ${literal(asBigint, mapKey!.zero, mapKey!.scalar)};
  ${start}
  while (r.pos < r.len) {
    const tag = r.tag();
    if (tag === ${tagOf(1, mapKey!.wire)}) key = ${scalarReader(asBigint, mapKey!)};
    else if (tag === ${tagOf(2, value.wire)}) value = ${readValue};
    else r.skipType(tag & 7, depth, tag >>> 3);
  }
  ${value.closed ? `if ($.isOneOf(${scope.names(value.ref!).name}, value)) ${set}` : set}
  r.len = outer;
}`;
}

/** The tag of a value on the wire. */
export function tagOf(number: number, wire: number): number {
  return ((number << 3) | wire) >>> 0;
}
