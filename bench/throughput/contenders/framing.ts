/** What gRPC puts before each message: whether it is compressed, and its length. */
const PREFIX_BYTES = 5;

/** Bytes that are gathered before they are written. */
const CHUNK_BYTES = 64 * 1024;

/** One message. */
export function framed(message: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(PREFIX_BYTES + message.length);
  putFrame(frame, message);
  return frame;
}

/** Frames messages by hand and gathers them, so that one write takes many. */
export class Framer {
  #chunk = Buffer.allocUnsafe(CHUNK_BYTES);
  #length = 0;

  /** Adds one, and gives what is to be written when there is no room for it or much has been gathered. */
  add(message: Uint8Array): Buffer | undefined {
    const full = this.#length > 0 && this.#length + PREFIX_BYTES + message.length > CHUNK_BYTES;
    const gathered = full ? this.flush() : undefined;
    if (PREFIX_BYTES + message.length > this.#chunk.length) {
      this.#chunk = Buffer.allocUnsafe(PREFIX_BYTES + message.length);
    }
    putFrame(this.#chunk, message, this.#length);
    this.#length += PREFIX_BYTES + message.length;
    return gathered;
  }

  /** What has been gathered. */
  flush(): Buffer | undefined {
    if (this.#length === 0) return undefined;
    const gathered = this.#chunk.subarray(0, this.#length);
    // Small gatherings share one allocation.
    this.#chunk = this.#chunk.subarray(this.#length);
    if (this.#chunk.length < CHUNK_BYTES / 2) this.#chunk = Buffer.allocUnsafe(CHUNK_BYTES);
    this.#length = 0;
    return gathered;
  }
}

/** The messages in what comes, wherever it was cut. */
export class Unframer {
  #chunks: Buffer[] = [];
  #bytes = 0;
  #wanted = PREFIX_BYTES;

  push(chunk: Buffer, take: (message: Buffer) => void): void {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    if (this.#bytes < this.#wanted) return;
    const all = this.#chunks.length === 1 ? chunk : Buffer.concat(this.#chunks, this.#bytes);
    let at = 0;
    this.#wanted = PREFIX_BYTES;
    while (all.length - at >= PREFIX_BYTES) {
      const end = at + PREFIX_BYTES + all.readUInt32BE(at + 1);
      this.#wanted = end - at;
      if (end > all.length) break;
      take(all.subarray(at + PREFIX_BYTES, end));
      at = end;
      this.#wanted = PREFIX_BYTES;
    }
    this.#bytes = all.length - at;
    this.#chunks = this.#bytes === 0 ? [] : [all.subarray(at)];
  }
}

function putFrame(to: Buffer, message: Uint8Array, at = 0): void {
  to[at] = 0;
  to.writeUInt32BE(message.length, at + 1);
  to.set(message, at + PREFIX_BYTES);
}
