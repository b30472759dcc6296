/**
 * Tells a source whether a stage below it is ready for another value. RxJS has no such signal: `subscriber.next()`
 * returns nothing.
 */
export interface Demand {
  /** Whether the stage is ready for another value now. An inbound stream may deliver one more value in any case. */
  readonly ready: boolean;
  /**
   * Calls back once when the stage is ready again, possibly at once. Callbacks run in the order of registration.
   * Returns a function that removes the callback.
   */
  onReady(resume: () => void): () => void;
  /** Whether the stage waits for a peer that does not read, rather than for work in this process. Used by `inspect`. */
  readonly isWire?: boolean;
  /** Whether the stage will be ready in the next turn of the event loop. `inspect` does not count this as a pause. */
  readonly isBrief?: boolean;
}

/** Listens for the pauses of a source: when one starts, with its reason, and when it ends. */
export interface PauseListener {
  pause(waitsFor: () => 'demand' | 'wire'): void;
  resume(): void;
}

/** The property of a subscriber that holds its Demand. The same symbol in every copy of this library in a process. */
export const demand: unique symbol = Symbol.for('rx-grpc.demand') as never;

/** The first stage that is not ready now, if any. */
export function firstFull(demands: readonly Demand[]): Demand | undefined {
  for (let i = 0; i < demands.length; i++) {
    if (!demands[i]!.ready) return demands[i];
  }
  return undefined;
}
