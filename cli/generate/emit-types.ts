import { docstring } from './docstring.ts';
import type { EnumModel, FieldModel, MessageModel, OneofModel } from './model.ts';
import { readType, type Scope, writeType } from './scope.ts';
import { call, lineWidth, pure, quoted } from './text.ts';

/** Emits the interfaces of a message and its MessageType. */
export function emitMessage(scope: Scope, message: MessageModel): string {
  const { name, init } = scope.names(message);
  const toWrite = {
    comment: `{@link ${name}} to write: what may be absent may be undefined.`,
    deprecated: message.deprecated,
  };
  // An interface without properties would accept any value.
  const base = message.properties.length === 0 ? ' extends $.Nothing' : '';
  return [
    `${docstring(message)}export interface ${name}${base} ${body(message.properties.map(each => readProperty(scope, each)))}`,
    `${docstring(toWrite)}export interface ${init}${base} ${body(message.properties.map(each => writeProperty(scope, each)))}`,
    messageType(scope, message),
  ].join('\n\n');
}

function messageType(scope: Scope, message: MessageModel): string {
  const { name, init } = scope.names(message);
  const args = [quoted(message.fullName), scope.read(message), scope.write(message)];
  const head = `export const ${name}: $.MessageType<${name}, ${init}> =`;
  if (`${head} ${pure} $.messageType(`.length <= lineWidth) return call(`${head} ${pure} $.messageType`, args);
  if (head.length <= lineWidth) return `${head}\n${call(`  ${pure} $.messageType`, args)}`;
  return call(`export const ${name}: $.MessageType<\n  ${name},\n  ${init}\n> = ${pure} $.messageType`, args);
}

function body(properties: readonly string[]): string {
  return properties.length === 0 ? '{}' : `{\n${properties.join('')}}`;
}

function readProperty(scope: Scope, property: FieldModel | OneofModel): string {
  const doc = docstring(property, '  ');
  if (property.shape === 'oneof')
    return `${doc}${oneof(`  readonly ${property.key}:`, property, each => readType(scope, each.value))}`;
  const type = readType(scope, property.value);
  return `${doc}  readonly ${property.key}: ${whole(property, type)}${isAlwaysThere(property) ? '' : ' | undefined'};\n`;
}

function writeProperty(scope: Scope, property: FieldModel | OneofModel): string {
  const doc = docstring(property, '  ');
  const { key } = property;
  // To TypeScript, a literal without this property has the inherited one.
  const absent = inherited.includes(key) ? `$.Inherited<${quoted(key)}> | undefined` : 'undefined';
  if (property.shape === 'oneof')
    return `${doc}${oneof(`  readonly ${key}?:`, property, each => writeType(scope, each.value), absent)}`;
  const type = whole(property, writeType(scope, property.value));
  return `${doc}  readonly ${key}${property.required ? `: ${type}` : `?: ${type} | ${absent}`};\n`;
}

const inherited = 'constructor toString toLocaleString valueOf hasOwnProperty isPrototypeOf propertyIsEnumerable'.split(
  ' ',
);

function isAlwaysThere({ shape, presence, required, default: ownDefault }: FieldModel): boolean {
  return shape !== 'singular' || !presence || required || ownDefault !== undefined;
}

function whole({ shape }: FieldModel, type: string): string {
  if (shape === 'map') return `{ readonly [key: string]: ${type} }`;
  if (shape === 'repeated') return type.includes(' ') ? `readonly (${type})[]` : `readonly ${type}[]`;
  return type;
}

function oneof(
  head: string,
  { members }: OneofModel,
  type: (member: FieldModel) => string,
  absent = 'undefined',
): string {
  const cases = members.map(member => `{ readonly case: ${quoted(member.key)}; readonly value: ${type(member)} }`);
  const inline = `${head} ${cases.join(' | ')} | ${absent};\n`;
  const documented = members.some(member => docstring(member) !== '');
  if (!documented && inline.length <= lineWidth + 1) return inline;
  const lines = members.map((member, i) => `    | ${documentedCase(member, cases[i]!)}\n`);
  return `${head}\n${lines.join('')}    | ${absent};\n`;
}

function documentedCase(member: FieldModel, text: string): string {
  const doc = docstring(member, '        ');
  return doc === ''
    ? text
    : `{\n${doc}        ${text.slice(2, -2).replace('; readonly value', ';\n        readonly value')};\n      }`;
}

/** Emits the object and the type of an enum. */
export function emitEnum(scope: Scope, type: EnumModel): string {
  const { name } = scope.names(type);
  const values = type.values.map(value => `${docstring(value, '  ')}  ${propertyOf(value.name)}: ${value.number},\n`);
  return [
    `${docstring(type)}export const ${name} = ${body(values)} as const;`,
    `${docstring(type)}${assigned(`export type ${name} =`, `(typeof ${name})[keyof typeof ${name}];`)}`,
  ].join('\n\n');
}

function assigned(head: string, value: string): string {
  return `${head} ${value}`.length <= lineWidth ? `${head} ${value}` : `${head}\n  ${value}`;
}

/** In an object literal, `__proto__` without brackets would not define a property. */
export function propertyOf(name: string): string {
  return name === '__proto__' ? "['__proto__']" : name;
}
