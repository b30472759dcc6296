/**
 * Tells a source whether a stage below it takes another value. (`subscriber.next()` returns nothing, so RxJS itself has no means
 * for it.)
 */
export interface Demand {
  /** Whether the stage takes another value now. An inbound stream may deliver one more in any case. */
  readonly ready: boolean;
  /** Calls back once when the stage is ready again, perhaps at once; callers in their order. Returns a function that cancels it. */
  onReady(resume: () => void): () => void;
  /** Whether the stage waits for a peer that does not read, and not for work of this process. For `inspect`. */
  readonly isWire?: boolean;
  /** Whether the stage is ready again in the next turn of the event loop, which `inspect` does not count as a pause. */
  readonly isBrief?: boolean;
}

/** Hears when a source starts to wait, with what it waits for, and when it goes on. */
export interface PauseListener {
  pause(waitsFor: () => 'demand' | 'wire'): void;
  resume(): void;
}

/** The property of a subscriber that holds its Demand. The same symbol in every copy of this library in a process. */
export const demand: unique symbol = Symbol.for('rx-grpc.demand') as never;

/** The first stage that takes no value now, if any. */
export function firstFull(demands: readonly Demand[]): Demand | undefined {
  for (let i = 0; i < demands.length; i++) {
    if (!demands[i]!.ready) return demands[i];
  }
  return undefined;
}
