import type { MonoTypeOperatorFunction } from 'rxjs';
import { demandsBelow } from '../demand.ts';
import { derived } from '../derived.ts';
import { Fifo } from '../fifo.ts';
import { OverflowError } from '../overflow-error.ts';
import { pace } from '../pace.ts';
import { Stage } from '../stage.ts';

/** What becomes of a value when the queue of {@link onBackpressureBuffer} is full. */
export type Overflow = 'error' | 'dropOldest' | 'dropLatest';

/** An operator that says what it holds and what it dropped, summed over its subscriptions. */
export interface Policy<T> extends MonoTypeOperatorFunction<T> {
  /** Values that wait now. */
  readonly queued: number;
  /** Values that were dropped so far. */
  readonly dropped: number;
}

/**
 * For a source that cannot wait: values queue here while what stands below is full, up to a limit. The error and the
 * completion of the source wait for what is queued. A source that can wait still does, and nothing is queued.
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
  return policy(limit, overflow);
}

/** For a source that cannot wait: what comes while what stands below is full is dropped, and `onDrop` told of it. */
export function onBackpressureDrop<T>(onDrop?: (value: T) => void): Policy<T> {
  return policy(0, 'dropLatest', onDrop);
}

/** For a source that cannot wait: while what stands below is full the latest value is kept, those before it dropped. */
export function onBackpressureLatest<T>(): Policy<T> {
  return policy(1, 'dropOldest');
}

function policy<T>(limit: number, overflow: Overflow, onDrop?: (value: T) => void): Policy<T> {
  const counters = { queued: 0, dropped: 0 };
  const drop = (value: T): void => {
    counters.dropped++;
    onDrop?.(value);
  };

  const operator: MonoTypeOperatorFunction<T> = source =>
    derived(source, output => {
      const demands = demandsBelow(output);
      const queue = new Fifo<T>();
      let end: (() => void) | undefined;

      const run = pace(output, () => {
        if (queue.size === 0) {
          end?.();
          return false;
        }
        counters.queued--;
        output.next(queue.shift()!);
        return true;
      });

      const endWith = (how: () => void): void => {
        end = how;
        if (queue.size === 0) how();
        else run();
      };

      const hold = (value: T): void => {
        counters.queued++;
        queue.push(value);
        run();
      };

      const overflows = (value: T): void => {
        if (overflow === 'error') throw overflowError(limit);
        if (overflow === 'dropLatest') drop(value);
        else {
          counters.queued--;
          drop(queue.shift()!);
          hold(value);
        }
      };

      const next = (value: T): void => {
        if (queue.size === 0 && demands.every(demand => demand.ready)) output.next(value);
        else if (queue.size < limit) hold(value);
        else overflows(value);
      };

      output.add(() => {
        counters.queued -= queue.size;
        queue.clear();
      });
      source.subscribe(
        new Stage<T>(
          {
            next,
            error: error => endWith(() => output.error(error)),
            complete: () => endWith(() => output.complete()),
          },
          undefined,
          output,
        ),
      );
    });

  return Object.defineProperties(operator, {
    queued: { get: () => counters.queued },
    dropped: { get: () => counters.dropped },
  }) as Policy<T>;
}

function overflowError(limit: number): OverflowError {
  return new OverflowError(
    `onBackpressureBuffer: more than ${limit} values wait: their source does not wait. ` +
      'Use a source that does (pull), a larger limit, or drop values (overflow, onBackpressureDrop, onBackpressureLatest)',
  );
}
