/** Bytes that all queues of this process together may hold; each has a limit of its own besides. */
export class Budget {
  /** The most bytes; may be changed at any time and then holds for what comes. */
  maxBytes: number;
  #bytes = 0;

  constructor(maxBytes: number) {
    this.maxBytes = maxBytes;
  }

  /** Bytes held now. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Whether so many more fit; if so they are counted until released. */
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
 * The bytes that wait in this process for calls whose sources cannot wait: `bytes` now, `maxBytes` at most (default
 * 512 MiB). A call that needs more ends with RESOURCE_EXHAUSTED.
 */
export const queueBudget: Budget = new Budget(512 * 1024 * 1024);
