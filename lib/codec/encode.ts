import protobuf from 'protobufjs/minimal.js';
import type { Finish } from './buffer-pool.ts';
import { Unfit } from './field-error.ts';

type Writer = protobuf.Writer;

// A Writer's buffer is larger than most messages: one that is not too large stays, and the message is copied out of it.
const maxIdleBytes = 128 * 1024;
let idle: Writer | undefined;

/**
 * The bytes of what `write` writes for the value.
 *
 * @throws TypeError `pkg.Message.items[2].price: expected a number, got string "x"`, when a field's value does not fit.
 */
export function encode<T>(
  typeName: string,
  write: (writer: Writer, value: T, depth: number) => void,
  value: T,
  finish: Finish = ownBytes,
): Buffer {
  // A getter in the value may encode another message meanwhile, and an error leaves the writer half-way: so it is taken away.
  const writer = idle ?? protobuf.Writer.create();
  idle = undefined;
  try {
    write(writer, value, 0);
  } catch (error) {
    if (error instanceof Unfit) throw new TypeError(`${typeName}${error.path}: ${error.message}`);
    throw error;
  }
  const bytes = finish(writer);
  if (bytes.length <= maxIdleBytes) idle = writer.reset();
  return bytes;
}

function ownBytes(writer: Writer): Buffer {
  return writer.finish() as Buffer;
}
