import protobuf from 'protobufjs/minimal.js';
import { FieldError } from './field-error.ts';

type Writer = protobuf.Writer;

// The Writer and its buffer, which is larger than most messages, are reused, and each message is copied out. A message
// above this limit has grown the buffer, so its Writer is dropped.
const maxIdleBytes = 128 * 1024;
let idle: Writer | undefined;

/** Takes the written bytes out of a Writer. */
export type Finish = (writer: Writer) => Buffer;

/** Appends an encoded message to a Writer. */
export type EncodeInto<T> = (writer: Writer, value: T) => void;

/**
 * Encodes with `write`, which writes the fields of a message.
 *
 * @throws TypeError `pkg.Message.items[2].price: expected a number, got string "x"`, when a field's value does not fit.
 */
export function encodeFields<T>(
  typeName: string,
  write: (writer: Writer, value: T, depth: number) => void,
  writer: Writer,
  value: T,
): void {
  try {
    write(writer, value, 0);
  } catch (error) {
    if (error instanceof FieldError) throw new TypeError(`${typeName}${error.path}: ${error.message}`);
    throw error;
  }
}

/** Encodes a message. */
export function encode<T>(encodeInto: EncodeInto<T>, value: T, finish: Finish = ownBytes): Buffer {
  // Takes the writer away during the encoding: a getter in the value may encode another message, and an error leaves
  // the writer half-written.
  const writer = idle ?? protobuf.Writer.create();
  idle = undefined;
  encodeInto(writer, value);
  const bytes = finish(writer);
  if (bytes.length <= maxIdleBytes) idle = writer.reset();
  return bytes;
}

function ownBytes(writer: Writer): Buffer {
  return writer.finish() as Buffer;
}
