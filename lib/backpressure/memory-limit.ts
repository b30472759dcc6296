/** A limit on the bytes that several queues hold together. Each queue has a limit of its own as well. */
export class MemoryLimit {
  /** The most bytes. A change applies to what is taken from then on. */
  maxBytes: number;
  #bytes = 0;

  constructor(maxBytes: number) {
    this.maxBytes = maxBytes;
  }

  /** The bytes reserved now. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Reserves bytes until they are released. Returns false, and reserves none, if they exceed the limit. */
  take(bytes: number): boolean {
    if (this.#bytes + bytes > this.maxBytes) return false;
    this.#bytes += bytes;
    return true;
  }

  release(bytes: number): void {
    this.#bytes -= bytes;
  }
}

/**
 * The limit for all messages in this process that wait to be sent because their sources cannot wait. Default: 512 MiB. A call that
 * exceeds it ends with RESOURCE_EXHAUSTED.
 */
export const queueBudget: MemoryLimit = new MemoryLimit(512 * 1024 * 1024);
