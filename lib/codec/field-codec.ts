import protobuf from 'protobufjs';
import { Unfit } from './field-error.ts';
import { type MapEntry, mapEntry } from './map-entry.ts';
import type { MessageCodec } from './message-codec.ts';
import { readPacked, readScalar } from './read-scalar.ts';
import { closedNumbers, fullName, inOneof, propertyName, scalarType, zero } from './reflection.ts';
import { wireType } from './wire-type.ts';
import { writeScalar } from './write-scalar.ts';

/** All that reading and writing a field wants to know. Every one has the same keys in the same order, for speed. */
export interface FieldCodec {
  readonly number: number;
  /** The property of the message; of a member of a oneof: its `case`. */
  readonly key: string;
  readonly shape: 'singular' | 'repeated' | 'map' | 'member';
  /** The property of the oneof of a member. */
  readonly oneof: string;
  /** The wire type of one value, and the tag it is written after. */
  readonly wire: number;
  readonly tag: number;
  readonly read: (reader: protobuf.Reader) => unknown;
  readonly write: (writer: protobuf.Writer, value: unknown) => void;
  /** Of a message: its codec; the two functions above are not used then. */
  readonly message: MessageCodec | undefined;
  /** Repeated, and may come packed whatever its declaration says. */
  readonly packable: boolean;
  readonly readPacked: ((reader: protobuf.Reader, values: any[]) => unknown) | undefined;
  readonly writePacked: boolean;
  /** Of an enum that is closed: its numbers. Others are dropped like unknown fields. */
  readonly closed: ReadonlySet<unknown> | undefined;
  /** The value that is not written, of a field without presence. */
  readonly implicit: unknown;
  readonly required: boolean;
  /** Of a map. */
  readonly entry: MapEntry | undefined;
}

/** What a field of reflection becomes. `codecOf` gives the codec of the messages in it, which may still be unfinished. */
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

// One singular value of the field's type, whatever the field is. The only place that makes these objects: V8 then takes all of
// them for one shape.
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
    if (!closed.has(value)) throw new Unfit(`a number of the enum ${name}`, value);
    writer.int32(value as number);
  };
}
