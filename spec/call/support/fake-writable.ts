import type { Writable } from 'node:stream';

/** A Writable that takes what it was given when it is told to. */
export class FakeWritable {
  readonly written: Uint8Array[] = [];
  readonly #callbacks: ((error?: Error | null) => void)[] = [];

  write(bytes: Uint8Array, callback: (error?: Error | null) => void): boolean {
    this.written.push(bytes);
    this.#callbacks.push(callback);
    return true;
  }

  /** How many messages were written and not taken. */
  get inFlight(): number {
    return this.#callbacks.length;
  }

  /** Takes the oldest messages. */
  take(count: number): void {
    for (const callback of this.#callbacks.splice(0, count)) callback();
  }

  /** Breaks: every callback is told. */
  fail(error: Error): void {
    for (const callback of this.#callbacks.splice(0)) callback(error);
  }

  get asStream(): Writable {
    return this as unknown as Writable;
  }
}
