import protobuf from 'protobufjs';
import type { FieldCodec } from './field-codec.ts';
import type { MessageCodec } from './message-codec.ts';
import { readScalar } from './read-scalar.ts';
import { fullName, scalarType, zero } from './reflection.ts';
import { writeScalar } from './write-scalar.ts';

/** On the wire a map is a repeated message, with the key as its field 1 and the value as its field 2. */
export interface MapEntry {
  readonly key: FieldCodec;
  readonly value: FieldCodec;
  readonly keyType: string;
  /** Of the entry as a message, for reading. */
  readonly codec: MessageCodec;
}

/** The entry of a map field; `value` makes what one value of the field is. */
export function mapEntry(field: protobuf.MapField, value: () => FieldCodec): MapEntry {
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
    // An unknown number of a closed enum drops the whole entry: that is for the map's reader to see.
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
