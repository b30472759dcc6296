import { asyncScheduler, type MonoTypeOperatorFunction } from 'rxjs';
import { type Demand, firstFull } from '../demand.ts';
import { Gate } from '../gate.ts';
import { pace } from '../pace.ts';
import { demandsBelow, PacedSubscriber, withSource } from '../rxjs-internals.ts';
import { isVirtualTime } from '../virtual-time.ts';
import { LatestByKey, type Overflow, Queue, type WaitingValues } from './waiting-values.ts';

export type { Overflow };

/**
 * An operator that reads its source without making it wait, and decides what happens to values while the stages below
 * are full. Its counters are sums over all subscriptions.
 */
export interface Policy<T> extends MonoTypeOperatorFunction<T> {
  /** The number of values that wait now. */
  readonly queued: number;
  /** The number of values dropped so far. */
  readonly dropped: number;
}

/**
 * Queues values, up to a limit, while the stages below are full. The error or completion of the source waits for the
 * queued values; an {@link OverflowError} does not.
 *
 * The source never waits, not even one that could (`pull`, an inbound stream). Without the operator, such a source
 * waits and nothing is queued.
 *
 * @param limit the most queued values, from 1.
 * @param overflow what happens to one value more: an {@link OverflowError} (default), or the oldest or the latest value
 *   is dropped.
 * @throws RangeError when the limit is less than 1; TypeError when `overflow` is unknown.
 */
export function onBackpressureBuffer<T>(
  limit: number,
  { overflow = 'error' }: { overflow?: Overflow } = {},
): Policy<T> {
  if (!(limit >= 1)) throw new RangeError(`onBackpressureBuffer: expected a limit of 1 value or more, got ${limit}`);
  if (!['error', 'dropOldest', 'dropLatest'].includes(overflow)) {
    throw new TypeError(
      `onBackpressureBuffer: expected overflow to be error, dropOldest or dropLatest, got ${overflow}`,
    );
  }
  return policy(drop => new Queue<T>(limit, overflow, drop));
}

/**
 * Drops the values that arrive while the stages below are full, and calls `onDrop` with each. Nothing is buffered. The
 * source never waits.
 */
export function onBackpressureDrop<T>(onDrop?: (value: T) => void): Policy<T> {
  return policy(drop => new Queue<T>(0, 'dropLatest', drop), onDrop);
}

export interface LatestOptions<T> {
  /** Returns the key of a value; the latest value of each key is kept. Default: one key for all values. */
  readonly by?: ((value: T) => unknown) | undefined;
  /** The most keys with a waiting value, from 1. One more is an {@link OverflowError}. Default: 100,000. */
  readonly maxKeys?: number | undefined;
}

/**
 * Keeps the latest value while the stages below are full, and drops the values before it. With `by`, keeps the latest
 * value of each key, and the keys take turns. The source never waits.
 *
 * A reader that was busy therefore gets the newest value that has arrived here. The operator cannot take back values
 * that it has passed on: in front of a call, older values wait in the HTTP/2 window of the call. Put the operator next
 * to the slow reader, on the other side of the call.
 *
 * Buffered: one value, or one for each key.
 *
 * @example
 * market.watch({}).pipe(onBackpressureLatest({ by: quote => quote.symbol }), concatMap(draw))
 * @throws RangeError when `maxKeys` is less than 1.
 */
export function onBackpressureLatest<T>({ by, maxKeys = MAX_KEYS }: LatestOptions<T> = {}): Policy<T> {
  if (!(maxKeys >= 1)) throw new RangeError(`onBackpressureLatest: expected maxKeys to be 1 or more, got ${maxKeys}`);
  return policy(drop =>
    by === undefined ? new Queue<T>(1, 'dropOldest', drop) : new LatestByKey<T>(by, maxKeys, drop),
  );
}

const MAX_KEYS = 100_000;

function policy<T>(
  waitingValues: (drop: (value: T) => void) => WaitingValues<T>,
  onDrop?: (value: T) => void,
): Policy<T> {
  const counters = { queued: 0, dropped: 0 };
  const drop = (value: T): void => {
    counters.dropped++;
    onDrop?.(value);
  };

  const operator: MonoTypeOperatorFunction<T> = source =>
    withSource(source, output => {
      const demands = demandsBelow(output);
      const waiting = waitingValues(drop);
      const rest = new Rest();
      let end: (() => void) | undefined;

      const run = pace(output, () => {
        if (waiting.size === 0) return false;
        counters.queued--;
        output.next(waiting.shift());
        if (waiting.size === 0) end?.(); // the end needs no room below
        return true;
      });

      const hold = (value: T): void => {
        rest.count();
        const before = waiting.size;
        try {
          waiting.add(value);
        } finally {
          counters.queued += waiting.size - before;
        }
        if (waiting.size > 0) run();
      };

      const next = (value: T): void => {
        try {
          if (waiting.size === 0 && firstFull(demands) === undefined) output.next(value);
          else hold(value);
        } catch (error) {
          output.error(error); // ahead of the held values
        }
      };

      const endWith = (how: () => void): void => {
        end = how;
        if (waiting.size === 0) how();
        else run();
      };

      // No destination, so that the source does not see the stages below.
      const stage = new PacedSubscriber<T>(
        {
          next,
          error: error => endWith(() => output.error(error)),
          complete: () => endWith(() => output.complete()),
        },
        rest,
      );
      output.add(() => {
        counters.queued -= waiting.size;
        waiting.clear();
        rest.stop();
        stage.unsubscribe();
      });
      source.subscribe(stage);
    });

  return Object.defineProperties(operator, {
    queued: { get: () => counters.queued },
    dropped: { get: () => counters.dropped },
  }) as Policy<T>;
}

// Node's own, so that a test's fake timers do not stop it.
const { setImmediate, clearImmediate } = globalThis;

/** The number of values between two pauses. */
const MAX_VALUES = 1024;

/**
 * The Demand of a stage that takes every value, and pauses now and then so that the event loop runs. Without the
 * pauses, a source that always has a next value (`pull` of an endless generator) would block the process.
 */
class Rest implements Demand {
  readonly isBrief = true;
  readonly #gate: Gate = new Gate(() => this.ready);
  #values = 0;
  #stop: (() => void) | undefined;

  get ready(): boolean {
    return this.#values < MAX_VALUES;
  }

  onReady(resume: () => void): () => void {
    return this.#gate.onReady(resume);
  }

  /** Counts a value that was held or dropped. */
  count(): void {
    this.#values++;
    if (this.ready || this.#stop !== undefined) return;
    this.#stop = atNextTurn(() => {
      this.#stop = undefined;
      this.#values = 0;
      this.#gate.wake();
    });
  }

  stop(): void {
    this.#stop?.();
  }
}

function atNextTurn(work: () => void): () => void {
  if (isVirtualTime()) {
    const timer = asyncScheduler.schedule(work);
    return () => timer.unsubscribe();
  }
  const immediate = setImmediate(work);
  return () => clearImmediate(immediate);
}
