import type { Writable } from 'node:stream';

/** A Writable that completes writes on command. */
export class FakeWritable {
  readonly written: Uint8Array[] = [];
  readonly #callbacks: ((error?: Error | null) => void)[] = [];

  write(bytes: Uint8Array, callback: (error?: Error | null) => void): boolean {
    this.written.push(bytes);
    this.#callbacks.push(callback);
    return true;
  }

  /** The number of messages written and not completed. */
  get inFlight(): number {
    return this.#callbacks.length;
  }

  /** Completes the oldest writes. */
  take(count: number): void {
    for (const callback of this.#callbacks.splice(0, count)) callback();
  }

  /** Fails: every callback gets the error. */
  fail(error: Error): void {
    for (const callback of this.#callbacks.splice(0)) callback(error);
  }

  get asStream(): Writable {
    return this as unknown as Writable;
  }
}
