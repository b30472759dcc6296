import fc from 'fast-check';
import protobuf from 'protobufjs';

/** The folder of the .proto files of these specs. */
export const protos: string = new URL('protos/', import.meta.url).pathname;

/** The file as protobufjs alone reads it. */
export async function oracle(file: string): Promise<protobuf.Root> {
  const root = await new protobuf.Root().load(protos + file);
  root.resolveAll();
  return root;
}

type Values = Record<string, unknown>;
const longs = new Set(['int64', 'uint64', 'sint64', 'fixed64', 'sfixed64']);
const unsigned = new Set(['uint64', 'fixed64']);

/** Converts a value that protobufjs decoded to our form. */
export function asOurs(type: protobuf.Type, message: any): Values {
  const result: Values = {};
  for (const field of type.fieldsArray) {
    const name = protobuf.util.camelCase(field.name);
    const has = Object.hasOwn(message, field.name);
    const value = message[field.name];
    const one = (each: any): unknown => oneAsOurs(field, field.type, each);
    if (field.partOf && !field.partOf.isProto3Optional) {
      const oneof = field.partOf.name;
      result[oneof] ??= undefined;
      if (message[oneof] === field.name) result[oneof] = { case: name, value: one(value) };
    } else if (field.map) {
      // Not by assignment: a key may be `__proto__`.
      result[name] = Object.fromEntries(Object.entries(value).map(([key, each]) => [keyAsOurs(field, key), one(each)]));
    } else if (field.repeated) result[name] = has ? value.map(one) : [];
    else if (!has && (field.hasPresence || field.resolvedType instanceof protobuf.Type)) result[name] = undefined;
    else result[name] = one(value);
  }
  return result;
}

function keyAsOurs(field: protobuf.Field, key: string): string {
  const { keyType } = field as unknown as protobuf.MapField;
  return longs.has(keyType) ? String(protobuf.util.longFromHash(key, unsigned.has(keyType))) : key;
}

function oneAsOurs(field: protobuf.Field, type: string, value: any): unknown {
  if (field.resolvedType instanceof protobuf.Type) return asOurs(field.resolvedType, value);
  if (longs.has(type)) return BigInt(String(value));
  return type === 'bytes' ? Uint8Array.from(value) : value;
}

/** Converts our value to the form of protobufjs. */
export function asTheirs(type: protobuf.Type, value: any): Values {
  const result: Values = {};
  for (const field of type.fieldsArray) {
    const one = (each: any): unknown => oneAsTheirs(field, each);
    const name = protobuf.util.camelCase(field.name);
    const inOneof = field.partOf && !field.partOf.isProto3Optional;
    const union = inOneof ? value[field.partOf!.name] : undefined;
    const given = inOneof ? (union?.case === name ? union.value : undefined) : value[name];
    if (given === undefined) continue;
    if (field.map)
      result[field.name] = Object.fromEntries(Object.entries(given).map(([key, each]) => [key, one(each)]));
    else result[field.name] = field.repeated ? given.map(one) : one(given);
  }
  return type.create(result);
}

function oneAsTheirs(field: protobuf.Field, value: any): unknown {
  if (field.resolvedType instanceof protobuf.Type) return asTheirs(field.resolvedType, value);
  return longs.has(field.type)
    ? (protobuf.util.Long as any).fromString(String(value), unsigned.has(field.type))
    : value;
}

const integers: Record<string, fc.Arbitrary<unknown>> = {
  int32: edged(-(2 ** 31), 2 ** 31 - 1),
  sint32: edged(-(2 ** 31), 2 ** 31 - 1),
  sfixed32: edged(-(2 ** 31), 2 ** 31 - 1),
  uint32: edged(0, 2 ** 32 - 1),
  fixed32: edged(0, 2 ** 32 - 1),
  int64: bigEdged(-(2n ** 63n), 2n ** 63n - 1n),
  sint64: bigEdged(-(2n ** 63n), 2n ** 63n - 1n),
  sfixed64: bigEdged(-(2n ** 63n), 2n ** 63n - 1n),
  uint64: bigEdged(0n, 2n ** 64n - 1n),
  fixed64: bigEdged(0n, 2n ** 64n - 1n),
};
const scalars: Record<string, fc.Arbitrary<unknown>> = {
  ...integers,
  double: fc.double(),
  float: fc.float(),
  bool: fc.boolean(),
  string: fc.oneof(anyText(20), fc.string({ minLength: 30, maxLength: 200 })),
  bytes: fc.oneof(fc.uint8Array({ maxLength: 10 }), fc.uint8Array({ minLength: 60, maxLength: 140 })),
};

/** Text of any code points. fc.string({ unit: 'binary' }) spends two seconds on a table of all of them. */
function anyText(maxLength: number): fc.Arbitrary<string> {
  const surrogates = { first: 0xd800, count: 0x800 };
  const codePoint = fc
    .oneof(fc.integer({ min: 0, max: 0x7f }), fc.integer({ min: 0, max: 0x10ffff - surrogates.count }))
    .map(index => (index < surrogates.first ? index : index + surrogates.count));
  return fc.array(codePoint, { maxLength }).map(points => String.fromCodePoint(...points));
}

function edged(min: number, max: number): fc.Arbitrary<number> {
  return fc.oneof(
    fc.constantFrom(min, max, 0),
    fc.integer({ min, max }),
    fc.integer({ min: Math.max(min, -200), max: 200 }),
  );
}

function bigEdged(min: bigint, max: bigint): fc.Arbitrary<bigint> {
  return fc.oneof(fc.constantFrom(min, max, 0n, 2n ** 31n, 2n ** 32n, 2n ** 53n), fc.bigInt({ min, max }));
}

/** Any value of a message type, in our form. */
export function anyMessage(type: protobuf.Type, depth = 4): fc.Arbitrary<Values> {
  const entries: Record<string, fc.Arbitrary<unknown>> = {};
  const unions: Record<string, fc.Arbitrary<unknown>[]> = Object.create(null);
  for (const field of type.fieldsArray) {
    const { resolvedType } = field;
    if (resolvedType instanceof protobuf.Type && depth === 0) continue;
    const one =
      resolvedType instanceof protobuf.Type
        ? anyMessage(resolvedType, depth - 1)
        : resolvedType instanceof protobuf.Enum
          ? fc.oneof(fc.constantFrom(...Object.values(resolvedType.values)), integers['int32']!)
          : scalars[field.type]!;
    if (field.partOf && !field.partOf.isProto3Optional) {
      (unions[field.partOf.name] ??= []).push(fc.record({ case: fc.constant(field.name), value: one }));
    } else if (field.map) {
      const { keyType } = field as unknown as protobuf.MapField;
      const key = (
        keyType === 'string' ? fc.oneof(scalars['string']!, fc.constant('__proto__')) : scalars[keyType]!
      ).map(String);
      entries[field.name] = fc.array(fc.tuple(key, one), { maxLength: 3 }).map(Object.fromEntries);
    } else entries[field.name] = field.repeated ? fc.array(one, { maxLength: 5 }) : one;
  }
  for (const [name, members] of Object.entries(unions)) entries[name] = fc.oneof(...members);
  return fc.record(entries, { requiredKeys: [] });
}
