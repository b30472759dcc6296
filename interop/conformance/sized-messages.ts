import type { Readable, Writable } from 'node:stream';

const LENGTH_BYTES = 4;

/** The messages of a stream in which each stands behind its length, four bytes with the highest first. */
export async function* readSized(input: Readable): AsyncGenerator<Buffer> {
  let pending: Buffer = Buffer.alloc(0);
  for await (const chunk of input) {
    pending = Buffer.concat([pending, chunk as Buffer]);
    for (;;) {
      if (pending.length < LENGTH_BYTES) break;
      const end = LENGTH_BYTES + pending.readUInt32BE();
      if (pending.length < end) break;
      yield pending.subarray(LENGTH_BYTES, end);
      pending = pending.subarray(end);
    }
  }
}

/** Writes one message behind its length. */
export function writeSized(output: Writable, message: Uint8Array): void {
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeUInt32BE(message.length);
  output.write(Buffer.concat([length, message]));
}
