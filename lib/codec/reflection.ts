import protobuf from 'protobufjs';

/** The full name of anything declared, without the dot that protobufjs puts before it. */
export function fullName(object: protobuf.ReflectionObject): string {
  return object.fullName.replace(/^\./, '');
}

/** The property of a field or oneof. The well-known types that protobufjs brings are not in camel case throughout. */
export function propertyName(name: string): string {
  return protobuf.util.camelCase(name);
}

/** Whether a field is one of several in a oneof; proto3's `optional` is not, though protobufjs makes a oneof of it. */
export function inOneof(field: protobuf.Field): boolean {
  return field.partOf !== null && !field.partOf.isProto3Optional;
}

/** A property that two fields, or a field and a oneof, would share: names that differ in underscores only are one here. */
export function sharedKey(fields: readonly protobuf.Field[]): string | undefined {
  const keys = fields.map(field => propertyName(field.name));
  const oneofs = new Set(fields.flatMap(field => (inOneof(field) ? [field.partOf!] : [])));
  const properties = fields.filter(field => !inOneof(field)).map(field => propertyName(field.name));
  const withOneofs = [...properties, ...[...oneofs].map(oneof => propertyName(oneof.name))];
  const twice = (all: readonly string[]): string | undefined => all.find((key, i) => all.indexOf(key) !== i);
  return twice(keys) ?? twice(withOneofs);
}

/** The name under which a scalar is read and written; `unverified` is a string that need not be UTF-8, as in proto2. */
export function scalarType(field: protobuf.Field, type: string = field.type): string {
  if (type === 'string') return features(field).utf8_validation === 'VERIFY' ? 'string' : 'unverified';
  return field.resolvedType instanceof protobuf.Enum && type === field.type ? 'int32' : type;
}

/** The numbers of a closed enum; undefined of an open one, and of anything else. */
export function closedNumbers({ resolvedType }: protobuf.Field): ReadonlySet<unknown> | undefined {
  if (!(resolvedType instanceof protobuf.Enum) || features(resolvedType).enum_type !== 'CLOSED') return undefined;
  return new Set(Object.values(resolvedType.values));
}

/** The value of a scalar that was not sent and has no default of its own. */
export function zero(field: protobuf.Field): unknown {
  if (field.resolvedType) return field.typeDefault;
  if (field.type === 'string') return '';
  if (field.type === 'bytes') return new Uint8Array(0);
  if (field.type === 'bool') return false;
  return protobuf.types.long[field.type as 'int64'] === undefined ? 0 : 0n;
}

// Of the features of editions, protobufjs 8 has no public accessor for these two.
function features(object: protobuf.ReflectionObject): { enum_type?: string; utf8_validation?: string } {
  return (object as unknown as { _features: object })._features;
}
