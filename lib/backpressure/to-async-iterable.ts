import type { Observable } from 'rxjs';
import { Gate } from './gate.ts';
import { OverflowError } from './overflow-error.ts';
import { RingQueue } from './ring-queue.ts';
import { PacedSubscriber } from './rxjs-internals.ts';

export interface ToAsyncIterableOptions {
  /**
   * The most unread values from a source that cannot wait, from 1. One more is an {@link OverflowError}. Default:
   * 16,384.
   */
  readonly maxQueued?: number | undefined;
}

/**
 * Converts an Observable for `for await`. A source that can wait is asked for the next value when the loop requests
 * one.
 *
 * Each iteration subscribes anew, at its first `next()`. Leaving the loop unsubscribes. The loop throws an error of the
 * Observable after the values before it.
 *
 * Buffered: at most one value per inbound stream upstream, and up to `maxQueued` values from sources that cannot wait
 * (Subject, `interval`, `from(array)`).
 *
 * @throws RangeError when `maxQueued` is less than 1.
 */
export function toAsyncIterable<T>(source$: Observable<T>, options: ToAsyncIterableOptions = {}): AsyncIterable<T> {
  const { maxQueued = 16_384 } = options;
  if (!(maxQueued >= 1))
    throw new RangeError(`toAsyncIterable: expected maxQueued to be 1 or more values, got ${maxQueued}`);
  return { [Symbol.asyncIterator]: () => iterate(source$, maxQueued) };
}

function iterate<T>(source$: Observable<T>, maxQueued: number): AsyncIterableIterator<T> {
  const queue = new RingQueue<T>();
  const readers = new RingQueue<PromiseWithResolvers<IteratorResult<T>>>();
  let end: End | undefined;
  let isSubscribed = false;

  const gate = new Gate(() => readers.size > 0);

  const finish = (how: End): void => {
    end ??= how;
    for (let reader = readers.shift(); reader !== undefined; reader = readers.shift()) {
      settle(reader, end);
      end = {}; // an error is thrown once
    }
  };

  const stage: PacedSubscriber<T> = new PacedSubscriber<T>(
    {
      next: value => {
        const reader = readers.shift();
        if (reader !== undefined) reader.resolve({ done: false, value });
        else if (queue.size < maxQueued) queue.push(value);
        else throw overflow(maxQueued);
      },
      error: error => finish({ error }),
      complete: () => finish({}),
    },
    gate,
  );

  return {
    next() {
      if (queue.size > 0) return Promise.resolve({ done: false, value: queue.shift()! });
      const reader = withResolvers<IteratorResult<T>>();
      if (end !== undefined) {
        settle(reader, end);
        end = {};
        return reader.promise;
      }
      readers.push(reader);
      if (isSubscribed) gate.wake();
      else {
        isSubscribed = true;
        source$.subscribe(stage);
      }
      return reader.promise;
    },
    return(value?: unknown) {
      stage.unsubscribe();
      queue.clear();
      finish({});
      end = {};
      return Promise.resolve({ done: true, value });
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

/** The end of the source: an error if it has the property `error`, and completion otherwise. */
interface End {
  readonly error?: unknown;
}

function settle<T>(reader: PromiseWithResolvers<IteratorResult<T>>, end: End): void {
  if ('error' in end) reader.reject(end.error);
  else reader.resolve({ done: true, value: undefined });
}

interface PromiseWithResolvers<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (error: unknown) => void;
}

// Promise.withResolvers came with Node 22.
function withResolvers<T>(): PromiseWithResolvers<T> {
  let resolve!: (value: T) => void;
  let reject!: (error: unknown) => void;
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}

function overflow(maxQueued: number): OverflowError {
  return new OverflowError(
    `toAsyncIterable: more than ${maxQueued} values wait to be read, because their source does not. ` +
      'Use a source that can wait (pull), drop values before this point, or raise maxQueued',
  );
}
