import protobuf from 'protobufjs';
import type { Copy } from './copy.ts';
import { FieldError } from './field-error.ts';
import { readPacked, readScalar } from './read-scalar.ts';
import { closedNumbers, fullName, inOneof, propertyName, scalarType, zero } from './reflection.ts';
import { wireType } from './wire-type.ts';
import { writeScalar } from './write-scalar.ts';

/** The precomputed facts for reading and writing a message type. */
export interface MessageCodec {
  readonly typeName: string;
  /**
   * A message without any field received. It is copied for each decoded message, so that V8 gives all of them one
   * hidden class.
   */
  readonly template: Record<string, unknown>;
  readonly copy: Copy;
  /** The fields whose default value must not be shared between messages. */
  readonly fresh: Fresh[];
  /** By field number. */
  readonly fields: (FieldCodec | undefined)[];
  readonly required: FieldCodec[];
  /** The properties that a message may have. */
  readonly keys: string[];
  /** In the order of field numbers. */
  readonly steps: Step[];
}

interface Fresh {
  readonly key: string;
  readonly make: () => unknown;
}

/** One property to write: a field, or the members of a oneof with consecutive numbers. */
export interface Step {
  readonly key: string;
  /** Whether plain objects inherit a property of this name, such as `constructor`. */
  readonly inherited: boolean;
  readonly field: FieldCodec;
  readonly members: ReadonlyMap<unknown, FieldCodec> | undefined;
  /** Every case of the oneof. */
  readonly cases: readonly string[];
}

/** The precomputed facts for reading and writing a field. All have the same keys in the same order, so that V8 gives them one hidden class. */
export interface FieldCodec {
  readonly number: number;
  /** The property of the message; for a member of a oneof, its `case`. */
  readonly key: string;
  readonly shape: 'singular' | 'repeated' | 'map' | 'member';
  /** For a member, the property of its oneof. */
  readonly oneof: string;
  /** The wire type of one value, and the tag it is written after. */
  readonly wire: number;
  readonly tag: number;
  readonly read: (reader: protobuf.Reader) => unknown;
  readonly write: (writer: protobuf.Writer, value: unknown) => void;
  /** For a message, its codec, which replaces `read` and `write`. */
  readonly message: MessageCodec | undefined;
  /** Whether the field is repeated and can be received packed, whatever its declaration says. */
  readonly packable: boolean;
  readonly readPacked: ((reader: protobuf.Reader, values: any[]) => unknown) | undefined;
  readonly writePacked: boolean;
  /** For a closed enum, its numbers. Other numbers are dropped like unknown fields. */
  readonly closed: ReadonlySet<unknown> | undefined;
  /** For a field without presence, the default value, which is not written. */
  readonly implicit: unknown;
  readonly required: boolean;
  /** For a map, its entries. */
  readonly entry: MapEntry | undefined;
}

/** On the wire a map is a repeated message, with the key as its field 1 and the value as its field 2. */
interface MapEntry {
  readonly key: FieldCodec;
  readonly value: FieldCodec;
  readonly keyType: string;
  /** The codec of the entry as a message, for reading. */
  readonly codec: MessageCodec;
}

/** Makes the codec of a field. `codecOf` returns the codecs of nested messages, which may be incomplete yet. */
export function fieldCodec(field: protobuf.Field, codecOf: (type: protobuf.Type) => MessageCodec): FieldCodec {
  const { id: number } = field;
  if (number < 1 || number > maxNumber) {
    throw new Error(`${fullName(field)}: its number must be from 1 to ${maxNumber}, it is ${number}`);
  }
  const codec = Object.assign(valueCodec(field, codecOf), { number, key: propertyName(field.name) });
  if (field.map) {
    const entry = mapEntry(field as unknown as protobuf.MapField, () => valueCodec(field, codecOf));
    Object.assign(codec, { shape: 'map', wire: wireType.delimited, entry });
  } else if (field.repeated) {
    const type = scalarType(field);
    const packable = protobuf.types.packed[type as 'int32'] !== undefined;
    const packed = { packable, writePacked: packable && field.packed };
    Object.assign(codec, { shape: 'repeated', ...packed, readPacked: codec.closed ? undefined : readPacked[type] });
  } else if (inOneof(field)) {
    Object.assign(codec, { shape: 'member', oneof: propertyName(field.partOf!.name) });
  } else {
    const implicit = codec.message || field.hasPresence ? undefined : zero(field);
    Object.assign(codec, { implicit, required: field.required });
  }
  return Object.assign(codec, { tag: ((number << 3) | codec.wire) >>> 0 });
}

const maxNumber = 2 ** 29 - 1;

// Makes the codec of one value of the field's type. Only this function creates such objects, so that V8 gives all of
// them one shape.
function valueCodec(field: protobuf.Field, codecOf: (type: protobuf.Type) => MessageCodec): FieldCodec {
  const message = field.resolvedType instanceof protobuf.Type ? codecOf(field.resolvedType) : undefined;
  const closed = closedNumbers(field);
  const type = scalarType(field);
  const group = field.delimited && !field.map;
  return {
    number: 0,
    key: '',
    shape: 'singular',
    oneof: '',
    wire: message ? (group ? wireType.startGroup : wireType.delimited) : wireOf(type),
    tag: 0,
    read: readScalar[type]!,
    write: closed ? closedEnumWriter(fullName(field.resolvedType!), closed) : writeScalar[type]!,
    message,
    packable: false,
    readPacked: undefined,
    writePacked: false,
    closed,
    implicit: undefined,
    required: false,
    entry: undefined,
  };
}

function wireOf(type: string): number {
  return type === 'unverified' ? wireType.delimited : protobuf.types.basic[type as 'int32'];
}

function closedEnumWriter(name: string, closed: ReadonlySet<unknown>): FieldCodec['write'] {
  return (writer, value) => {
    if (!closed.has(value)) throw new FieldError(`a number of the enum ${name}`, value);
    writer.int32(value as number);
  };
}

/** Makes the codec of a map entry. `value` makes the codec of one value of the field. */
function mapEntry(field: protobuf.MapField, value: () => FieldCodec): MapEntry {
  const { keyType } = field;
  const keyWire = protobuf.types.mapKey[keyType as 'int32'];
  const reflected = field as unknown as protobuf.Field;
  const keyScalar = scalarType(reflected, keyType);
  const keyCodec = Object.assign(value(), {
    number: 1,
    key: 'key',
    wire: keyWire,
    tag: 8 | keyWire,
    read: readScalar[keyScalar]!,
    write: writeScalar[keyScalar]!,
    message: undefined,
    closed: undefined,
    implicit: keyType === 'string' ? '' : keyType === 'bool' ? false : 0,
  });
  const valueCodec = Object.assign(value(), { number: 2, key: 'value' });
  Object.assign(valueCodec, {
    tag: 16 | valueCodec.wire,
    // The reader of the map drops the whole entry if a closed enum has an unknown number.
    closed: undefined,
    implicit: valueCodec.message ? undefined : zero(reflected),
  });
  const typeName = fullName(reflected);
  const fields = [undefined, keyCodec, valueCodec];
  const codec: MessageCodec = {
    typeName,
    template: {},
    copy: t => t,
    fresh: [],
    fields,
    required: [],
    keys: [],
    steps: [],
  };
  return { key: keyCodec, value: valueCodec, keyType, codec };
}
