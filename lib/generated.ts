/**
 * `rx-grpc/generated`: the runtime of code generated from .proto files. For that code only: names and meanings may
 * change together with the generator.
 */
import type protobuf from 'protobufjs';

export { checkKeys } from './codec/check-keys.ts';
export { enter, nextTag, noTag } from './codec/decode.ts';
export { allOf, isOneOf, oneOf } from './codec/enum-numbers.ts';
export { readFixed64, readInt64, readSfixed64, readSint64, readUint64 } from './codec/int64.ts';
export { asNumber, asString, fromDecimal, fromDecimals } from './codec/int64-as.ts';
export { mapKey } from './codec/map-key.ts';
export { type MessageType, messageType, method } from './codec/message-type.ts';
export {
  latin1,
  memberOf,
  missing,
  noBytes,
  readGroup,
  readMessage,
  readPacked,
  setEntry,
} from './codec/read-message.ts';
export { readBytes, readString } from './codec/read-scalar.ts';
export { readInt32s, readUint32s } from './codec/read-varints.ts';
export * from './codec/write-field.ts';
export {
  checkList,
  checkMessage,
  checkUnion,
  type Inherited,
  isNoBytes,
  isZero,
  keysOf,
  own,
  refuseCase,
  refuseLoose,
  required,
  writeGroup,
  writeMessage,
} from './codec/write-message.ts';
export * from './codec/write-packed.ts';
export type { Message, Method } from './core/method.ts';

export type Reader = protobuf.Reader;
export type Writer = protobuf.Writer;

/** A message while it is being decoded: its fields can be assigned. */
export type Draft<T> = { -readonly [K in keyof T]: DraftField<T[K]> };
type DraftField<T> = T extends readonly (infer E)[]
  ? E[]
  : string extends keyof T
    ? { [key: string]: T[string & keyof T] }
    : T;

declare const nothing: unique symbol;

/** An object without members: a message without fields, a service without methods. */
export interface Nothing {
  readonly [nothing]?: never;
}
