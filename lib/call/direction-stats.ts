import { asyncScheduler } from 'rxjs';

/**
 * What a direction of a call waits for: work below it in this process, a peer that does not read, or a stream on a connection
 * that has as many as its server allows.
 */
export type WaitsFor = 'demand' | 'wire' | 'stream';

export interface MeterListener {
  changed(meter: Meter): void;
}

/**
 * What one direction of a call has carried, and what it waits for. Written on the way of each message, so it is a counter
 * and two fields; who listens is told of pauses only.
 */
export class Meter {
  messages = 0;
  #waitsFor: (() => WaitsFor) | undefined;
  #since = 0;
  readonly #listener: MeterListener | undefined;

  /** @param listener told of each beginning and each end of a pause. */
  constructor(listener?: MeterListener) {
    this.#listener = listener;
  }

  /** Undefined while it does not wait. */
  get waitsFor(): WaitsFor | undefined {
    return this.#waitsFor?.();
  }

  /** When it began to wait; undefined while it does not. */
  get waitsSince(): Date | undefined {
    return this.#waitsFor === undefined ? undefined : new Date(this.#since);
  }

  /** It waits, from now; who waited already, and has moved since, is not told of again. */
  pause(waitsFor: () => WaitsFor): void {
    const isNew = this.#waitsFor === undefined;
    this.#waitsFor = waitsFor;
    this.#since = asyncScheduler.now();
    if (isNew) this.#listener?.changed(this);
  }

  resume(): void {
    if (this.#waitsFor === undefined) return;
    this.#waitsFor = undefined;
    this.#listener?.changed(this);
  }
}
