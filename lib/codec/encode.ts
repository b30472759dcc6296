import protobuf from 'protobufjs/minimal.js';
import { FieldError } from './field-error.ts';

type Writer = protobuf.Writer;

// A Writer's buffer is larger than most messages: one that is not too large stays, and the message is copied out of it.
const maxIdleBytes = 128 * 1024;
let idle: Writer | undefined;

/** Takes what was written out of a Writer. */
export type Finish = (writer: Writer) => Buffer;

/** Encodes a message into a Writer, behind what it has. */
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

/** The bytes of a message. */
export function encode<T>(encodeInto: EncodeInto<T>, value: T, finish: Finish = ownBytes): Buffer {
  // A getter in the value may encode another message meanwhile, and an error leaves the writer half-way: so it is taken away.
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
