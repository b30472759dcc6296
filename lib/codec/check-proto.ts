import protobuf from 'protobufjs';
import { protoError } from './proto-error.ts';
import type { Outline } from './proto-outline.ts';
import { problem } from './resolve-types.ts';

/** @throws ProtoError when the syntax or edition of a file is unknown. protobufjs does not check it. */
export function checkSyntax(path: string, { syntax }: Outline): void {
  if (versions.has(syntax.value)) return;
  throw protoError(path, syntax, `unknown syntax or edition "${syntax.value}", expected ${[...versions].join(', ')}`);
}

const versions = new Set(['proto2', 'proto3', '2023', '2024', '2026']);

/**
 * Rejects definitions that protoc rejects and protobufjs accepts, and that cannot be read or written as intended.
 *
 * @param outlines the outlines of the files to check, by filename. Definitions from other files are not checked.
 * @throws ProtoError
 */
export function checkProto(root: protobuf.Root, outlines: ReadonlyMap<string, Outline>): void {
  const open: protobuf.NamespaceBase[] = [root];
  for (const namespace of open) {
    for (const object of namespace.nestedArray) {
      if (object instanceof protobuf.Namespace) open.push(object);
      if (!object.filename || !outlines.has(object.filename)) continue;
      for (const [at, what] of mistakes(object)) throw problem(at, what, outlines);
    }
  }
}

type Mistake = readonly [object: protobuf.ReflectionObject, what: string];

function* mistakes(object: protobuf.ReflectionObject): Generator<Mistake> {
  if (object instanceof protobuf.Enum) yield* enumMistakes(object);
  if (!(object instanceof protobuf.Type)) return;
  for (const field of object.fieldsArray) {
    if (field.declaringField) continue;
    yield* numberMistakes(object, field);
    yield* defaultMistakes(field);
    const packable =
      field.repeated && (field.resolvedType instanceof protobuf.Enum || field.type in protobuf.types.packed);
    if (field.getOption('packed') === true && !packable) {
      yield [field, 'only repeated numbers, booleans and enums can be packed'];
    }
  }
  for (const oneof of object.oneofsArray) {
    if (oneof.fieldsArray.length === 0) yield [oneof, 'a oneof has at least one field'];
  }
}

function* enumMistakes(object: protobuf.Enum): Generator<Mistake> {
  const values = Object.entries(object.values);
  const first = values[0];
  if (first === undefined) yield [object, 'an enum has at least one value'];
  else if (features(object).enum_type !== 'CLOSED' && first[1] !== 0) {
    yield [object, `the first value of an open enum, as those of proto3 are, must be 0, ${first[0]} is ${first[1]}`];
  }
  for (const [name, value] of values) {
    if ((value | 0) !== value) yield [object, `${name} must be a 32-bit integer, it is ${value}`];
  }
}

const maxNumber = 536_870_911;

function* numberMistakes(type: protobuf.Type, field: protobuf.Field): Generator<Mistake> {
  const { id } = field;
  if (id < 1 || id > maxNumber) yield [field, `its number must be from 1 to ${maxNumber}, it is ${id}`];
  if (id >= 19_000 && id <= 19_999)
    yield [field, `its number is ${id}, and those from 19000 to 19999 are reserved for protobuf`];
  // protobufjs checks only the `reserved` statements above the field.
  if (type.isReservedId(id)) yield [field, `its number ${id} is reserved`];
  const { protoName = field.name } = field as { protoName?: string };
  if (type.isReservedName(protoName)) yield [field, 'its name is reserved'];
}

function* defaultMistakes(field: protobuf.Field): Generator<Mistake> {
  const { resolvedType } = field;
  const implicit = features(field).field_presence === 'IMPLICIT' && !field.repeated && !field.map && !field.partOf;
  if (implicit && resolvedType instanceof protobuf.Enum && features(resolvedType).enum_type === 'CLOSED') {
    yield [field, `${field.type} is a closed enum: the field must be optional, since 0 need not be one of its values`];
  }
  const value: unknown = field.getOption('default');
  if (value === undefined) return;
  if (implicit || field.repeated || field.map || resolvedType instanceof protobuf.Type) {
    yield [field, 'only an optional or required field that is not a message can have a default'];
  } else if (resolvedType instanceof protobuf.Enum && !Object.hasOwn(resolvedType.values, String(value))) {
    yield [field, `its default "${value}" is not a value of ${field.type}`];
  }
}

function features(object: protobuf.ReflectionObject): { enum_type?: string; field_presence?: string } {
  return (object as unknown as { _features: object })._features;
}
