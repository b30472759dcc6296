import { asyncScheduler, interval } from 'rxjs';
import { MAX_TIMER_MS } from '../core/validate.ts';

/**
 * What a direction of a call waits for: `demand` is work of this process, `wire` a peer that does not read, `stream` a free stream on
 * a connection that has as many as its server allows.
 */
export type WaitsFor = 'demand' | 'wire' | 'stream';

export interface DirectionListener {
  changed(meter: DirectionStats): void;
}

/**
 * Counts the messages of one direction of a call and records its pauses. It is updated for each message, so it is a counter and two
 * fields; the listener hears of pauses only.
 */
export class DirectionStats {
  messages = 0;
  #waitsFor: (() => WaitsFor) | undefined;
  #since = 0;
  readonly #listener: DirectionListener | undefined;

  /** @param listener hears of the start and the end of each pause. */
  constructor(listener?: DirectionListener) {
    this.#listener = listener;
  }

  /** What it waits for, if it does. */
  get waitsFor(): WaitsFor | undefined {
    return this.#waitsFor?.();
  }

  /** The start of the pause, if it waits. */
  get waitsSince(): Date | undefined {
    return this.#waitsFor === undefined ? undefined : new Date(this.#since);
  }

  /** Starts a pause, or restarts one. The listener hears of the first only. */
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

/**
 * Calls back when a direction has waited for demand for `timeoutMs`; waiting for the wire does not count. It checks twice in that
 * time, so that short pauses need no timer of their own; it may notice a stall up to half of the time late. Returns a function that
 * stops it.
 */
export function watchForStall(stats: DirectionStats, timeoutMs: number | undefined, stalled: () => void): () => void {
  if (timeoutMs === undefined || timeoutMs > MAX_TIMER_MS) return nothing;
  const look = interval(timeoutMs / 2).subscribe(() => {
    const { waitsFor, waitsSince } = stats;
    if (waitsFor === 'demand' && asyncScheduler.now() - waitsSince!.getTime() >= timeoutMs) stalled();
  });
  return () => look.unsubscribe();
}

const nothing = (): void => {};
