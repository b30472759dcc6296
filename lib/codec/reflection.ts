import protobuf from 'protobufjs';

/** The full name of a declaration, without the leading dot of protobufjs. */
export function fullName(object: protobuf.ReflectionObject): string {
  return object.fullName.replace(/^\./, '');
}

/**
 * The property name of a field or oneof. It is converted, because the well-known types of protobufjs are not in camel
 * case throughout.
 */
export function propertyName(name: string): string {
  return protobuf.util.camelCase(name);
}

/**
 * Whether a field is a member of a oneof. A proto3 `optional` field is not, although protobufjs makes a oneof of it.
 */
export function inOneof(field: protobuf.Field): boolean {
  return field.partOf !== null && !field.partOf.isProto3Optional;
}

/**
 * The property name that two fields, or a field and a oneof, share. Names that differ only in underscores share one.
 */
export function sharedKey(fields: readonly protobuf.Field[]): string | undefined {
  const keys = fields.map(field => propertyName(field.name));
  const oneofs = new Set(fields.flatMap(field => (inOneof(field) ? [field.partOf!] : [])));
  const properties = fields.filter(field => !inOneof(field)).map(field => propertyName(field.name));
  const withOneofs = [...properties, ...[...oneofs].map(oneof => propertyName(oneof.name))];
  const twice = (all: readonly string[]): string | undefined => all.find((key, i) => all.indexOf(key) !== i);
  return twice(keys) ?? twice(withOneofs);
}

/** The name of a scalar's reader and writer. `unverified` is a string that need not be valid UTF-8, as in proto2. */
export function scalarType(field: protobuf.Field, type: string = field.type): string {
  if (type === 'string') return features(field).utf8_validation === 'VERIFY' ? 'string' : 'unverified';
  return field.resolvedType instanceof protobuf.Enum && type === field.type ? 'int32' : type;
}

/** The numbers of a closed enum; undefined for an open enum and for any other type. */
export function closedNumbers({ resolvedType }: protobuf.Field): ReadonlySet<unknown> | undefined {
  if (!(resolvedType instanceof protobuf.Enum) || features(resolvedType).enum_type !== 'CLOSED') return undefined;
  return new Set(Object.values(resolvedType.values));
}

/** The value of a scalar that was not sent and has no declared default. */
export function zero(field: protobuf.Field): unknown {
  if (field.resolvedType) return field.typeDefault;
  if (field.type === 'string') return '';
  if (field.type === 'bytes') return new Uint8Array(0);
  if (field.type === 'bool') return false;
  return protobuf.types.long[field.type as 'int64'] === undefined ? 0 : 0n;
}

// protobufjs 8 has no public accessor for these two features of editions.
function features(object: protobuf.ReflectionObject): { enum_type?: string; utf8_validation?: string } {
  return (object as unknown as { _features: object })._features;
}
