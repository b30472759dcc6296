import { asyncScheduler, type MonoTypeOperatorFunction } from 'rxjs';
import { type Demand, firstFull } from '../demand.ts';
import { Gate } from '../gate.ts';
import { pace } from '../pace.ts';
import { demandsBelow, PacedSubscriber, withSource } from '../rxjs-internals.ts';
import { isVirtualTime } from '../virtual-time.ts';
import { LatestByKey, type Overflow, Queue, type WaitingValues } from './waiting-values.ts';

export type { Overflow };

/**
 * An operator that reads its source as fast as it comes, and decides what becomes of values while what stands below is full.
 * It says what it holds and what it dropped, summed over its subscriptions.
 */
export interface Policy<T> extends MonoTypeOperatorFunction<T> {
  /** Values that wait now. */
  readonly queued: number;
  /** Values that were dropped so far. */
  readonly dropped: number;
}

/**
 * Reads its source as fast as it comes; values queue here while what stands below is full, up to a limit. The error and the
 * completion of the source wait for what is queued; an {@link OverflowError} does not.
 *
 * The source never waits, also one that could (`pull`, an inbound stream): without a policy it would, and nothing would be queued.
 *
 * @param limit values, from 1.
 * @param overflow for one value more: an {@link OverflowError} (default), or the oldest or the latest is dropped.
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
 * Reads its source as fast as it comes; what comes while what stands below is full is dropped, and `onDrop` is called with it.
 * Nothing is buffered.
 */
export function onBackpressureDrop<T>(onDrop?: (value: T) => void): Policy<T> {
  return policy(drop => new Queue<T>(0, 'dropLatest', drop), onDrop);
}

export interface LatestOptions<T> {
  /** The key of a value; the latest value of each key is kept. Default: all values have the same. */
  readonly by?: ((value: T) => unknown) | undefined;
  /** Keys whose values may wait, from 1; one more is an {@link OverflowError}. Default: 100,000. */
  readonly maxKeys?: number | undefined;
}

/**
 * Reads its source as fast as it comes; while what stands below is full the latest value is kept, and those before it are
 * dropped. With `by` the latest value of each key is kept, and the keys take turns.
 *
 * So the next value of a reader that was busy is the newest that has arrived here. What has left is not taken back: in front of a
 * call, older values wait in its HTTP/2 window. Put the operator where the slow reader is, on the other side of the call.
 *
 * Buffered: one value, or one for each key.
 *
 * @example
 * market.watch({}).pipe(onBackpressureLatest({ by: quote => quote.symbol }), concatMap(draw))
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
        if (waiting.size === 0) end?.(); // which asks for no room
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
          output.error(error); // does not wait for what is held
        }
      };

      const endWith = (how: () => void): void => {
        end = how;
        if (waiting.size === 0) how();
        else run();
      };

      // Without a destination: the source is not to see what stands below.
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

/** Values between two pauses. */
const MAX_VALUES = 1024;

/**
 * The Demand of a stage that takes every value and pauses now and then, so that the event loop runs. Without it, a source that
 * always has a next value (`pull` of an endless generator) would block the process.
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
