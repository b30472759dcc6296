const PREFIX_BYTES = 5;

/**
 * Several messages as one that grpc-js writes: it puts a prefix with the length of the whole before it and has it copied behind
 * that, and the copying gives the first message its own prefix and each further one its.
 *
 * No public means: ...
 */
export function join(messages: readonly Buffer[]): Buffer {
  return new Joined(messages) as unknown as Buffer;
}

/** What grpc-js asks of a message; whatever else it might do with one is an error, for this is no Buffer. */
class Joined {
  readonly length: number;
  readonly #messages: readonly Buffer[];

  constructor(messages: readonly Buffer[]) {
    this.#messages = messages;
    let length = -PREFIX_BYTES;
    for (const { byteLength } of messages) length += PREFIX_BYTES + byteLength;
    this.length = length;
  }

  get byteLength(): number {
    return this.length;
  }

  copy(target: Buffer, start: number): number {
    let at = start - PREFIX_BYTES;
    for (const message of this.#messages) {
      target[at] = 0;
      target.writeUInt32BE(message.byteLength, at + 1);
      target.set(message, at + PREFIX_BYTES);
      at += PREFIX_BYTES + message.byteLength;
    }
    return this.length;
  }
}
