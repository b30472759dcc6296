import { Observable, type Subscriber } from 'rxjs';
import { markOneShot, once } from './one-shot.ts';
import { pace } from './pace.ts';

/** What can be asked for its next value. Node's and the web's readable streams are async iterables. */
export type Pullable<T> = Iterable<T> | AsyncIterable<T> | ReadableStream<T>;

/**
 * A source that waits: an Observable of an iterable, asked for a value only when everything below is ready to take one.
 * In front of a plain `subscribe(fn)` it runs through, as `from` does.
 *
 * A function that opens the source makes it replayable: each subscription opens its own. A source that can be read once
 * (an iterator, a generator object, a stream) and is subscribed to again is a TypeError instead of an empty repetition.
 * An iterator that throws is the Observable's error. Unsubscribing calls its `return()`, which closes files and streams;
 * what that throws is not heard. (An async generator that awaits something is closed when that has come: hand over the stream
 * itself, and it is closed at once. Lines of a readline interface are such a generator: `finalize(() => lines.close())`.) Nothing is buffered; an async iterable has one value under way.
 *
 * @example
 * pull(() => createReadStream('big.ndjson').pipe(parse())).pipe(users.createUser)
 */
export function pull<T>(source: Pullable<T> | (() => Pullable<T> | PromiseLike<Pullable<T>>)): Observable<T> {
  if (typeof source !== 'function' && !isPullable(source)) throw notPullable(source);
  const source$ = new Observable<T>(subscriber => {
    if (typeof source !== 'function') return iterate(source, subscriber);
    const opened = source();
    if (!isPromiseLike(opened)) return iterate(opened, subscriber);
    opened.then(
      late => {
        try {
          iterate(late, subscriber);
        } catch (error) {
          subscriber.error(error);
        }
      },
      error => subscriber.error(error),
    );
  });
  return typeof source !== 'function' && isReadOnce(source) ? markOneShot(source$) : source$;
}

/** Whether {@link pull} takes it as it is. */
export function isPullable(source: unknown): source is Pullable<unknown> {
  return source !== null && source !== undefined && (isSync(source) || isAsync(source));
}

function iterate<T>(source: Pullable<T>, subscriber: Subscriber<T>): void {
  if (!isPullable(source)) throw notPullable(source);
  if (isStream(source)) pullAsync(openStream(once(source)), subscriber);
  else if (isAsync(source)) pullAsync(openIterator(source, source[Symbol.asyncIterator]()), subscriber);
  else pullSync(openIterator(source, source[Symbol.iterator]()), subscriber);
}

function pullSync<T>(iterator: Iterator<T>, subscriber: Subscriber<T>): void {
  let done = false;
  let asking = false;

  const close = () => {
    if (done || asking) return; // a generator that is running cannot be returned: it is when it yields
    done = true;
    quietly(() => iterator.return?.());
  };

  const run = pace(subscriber, () => {
    let result: IteratorResult<T>;
    try {
      asking = true;
      result = iterator.next();
      done = Boolean(result.done);
    } catch (error) {
      done = true;
      subscriber.error(error);
      return false;
    } finally {
      asking = false;
    }
    if (done) {
      subscriber.complete();
      return false;
    }
    if (subscriber.closed) close();
    else subscriber.next(result.value);
    return true;
  });

  subscriber.add(close);
  run();
}

function pullAsync<T>(iterator: AsyncIterator<T>, subscriber: Subscriber<T>): void {
  let done = false;
  let asking = false;
  let arrived: IteratorResult<T> | undefined;

  const ask = async () => {
    try {
      arrived = await iterator.next();
      done = Boolean(arrived.done);
    } catch (error) {
      done = true;
      subscriber.error(error);
    }
    asking = false;
    run();
  };

  const run = pace(subscriber, () => {
    if (asking) return false;
    if (arrived === undefined) {
      asking = true;
      void ask();
      return false;
    }
    const result = arrived;
    arrived = undefined;
    if (result.done) {
      subscriber.complete();
      return false;
    }
    subscriber.next(result.value);
    return true;
  });

  subscriber.add(() => {
    if (!done) quietly(() => iterator.return?.());
    done = true;
  });
  run();
}

/** An iterable that gives itself as its iterator is one: it can be read once. */
function openIterator<I extends object>(source: object, iterator: I): I {
  if (iterator === source) once(source);
  return iterator;
}

/** A stream's own iterator closes it only when the read under way has come back, which may be never. */
function openStream<T>(stream: Stream<T>): AsyncIterator<T> {
  if ('getReader' in stream) {
    const reader = stream.getReader();
    return { next: () => reader.read() as Promise<IteratorResult<T>>, return: () => closed(reader.cancel()) };
  }
  // Its iterator listens from the first `next()` on and hears of an earlier error then; one that comes after `destroy()`
  // (a file that cannot be opened) would end the process.
  stream.on?.('error', () => {});
  const iterator = stream[Symbol.asyncIterator]();
  return { next: () => iterator.next(), return: () => closed(stream.destroy()) };
}

/** As far as it can be known without opening it: each iterator has a `next`, and those that are iterable give themselves. */
function isReadOnce(source: Pullable<unknown>): boolean {
  return isStream(source) || typeof (source as { next?: unknown }).next === 'function';
}

const closed = async (closing: unknown): Promise<IteratorReturnResult<undefined>> => {
  await closing;
  return { done: true, value: undefined };
};

type Stream<T> =
  | ReadableStream<T>
  | (AsyncIterable<T> & { destroy(): unknown; on?(event: 'error', listener: () => void): unknown });

function isStream<T>(source: Pullable<T>): source is Stream<T> {
  if (typeof source !== 'object') return false; // a string is an iterable
  return 'getReader' in source || (isAsync(source) && 'destroy' in source && typeof source.destroy === 'function');
}

function isSync(source: object): source is Iterable<any> {
  return typeof (source as Partial<Iterable<any>>)[Symbol.iterator] === 'function';
}

function isAsync(source: object): source is AsyncIterable<any> {
  return typeof (source as Partial<AsyncIterable<any>>)[Symbol.asyncIterator] === 'function';
}

function isPromiseLike<T>(value: unknown): value is PromiseLike<T> {
  return typeof (value as Partial<PromiseLike<T>> | null)?.then === 'function';
}

function notPullable(source: unknown): TypeError {
  return new TypeError(
    'pull: expected an iterable, an async iterable, a readable stream, or a function that opens one, ' +
      `got ${source === null ? 'null' : typeof source}`,
  );
}

function quietly(close: () => unknown): void {
  try {
    const closing = close();
    if (isPromiseLike(closing)) closing.then(undefined, () => {});
  } catch {
    // Nobody is subscribed any more who could be told.
  }
}
