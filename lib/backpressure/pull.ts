import { Observable, type Subscriber } from 'rxjs';
import { markOneShot, once } from './one-shot.ts';
import { pace } from './pace.ts';

/** A source that hands out values on request. The readable streams of Node and of the web are async iterables. */
export type Pullable<T> = Iterable<T> | AsyncIterable<T> | ReadableStream<T>;

/**
 * Turns an iterable into an Observable that waits: it requests the next value only when every stage below is ready.
 * With a plain `subscribe(fn)` below, it emits without waiting, as `from` does.
 *
 * Give a function that opens the source to make it repeatable: each subscription opens its own. A source that can be
 * read only once (an iterator, a generator object, a stream) fails with a TypeError at its second subscription, instead
 * of repeating nothing. An iterator that throws errors the Observable.
 *
 * Unsubscribing calls `return()` of the iterator, which closes files and streams; an error that this throws is ignored.
 * A running async generator closes only when the promise that it awaits settles. Pull the stream itself, and it closes
 * at once. The lines of a readline interface are such a generator: add `finalize(() => lines.close())`.
 *
 * Nothing is buffered. From an async iterable, one value is requested at a time.
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

/** Whether {@link pull} accepts the value itself, rather than a function that opens it. */
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
    if (done || asking) return; // return() fails while a generator runs; this is called again when it yields
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

/** Opens an iterator once only if the iterable is its own iterator, which can be read once. */
function openIterator<I extends object>(source: object, iterator: I): I {
  if (iterator === source) once(source);
  return iterator;
}

/**
 * Opens a stream so that return() closes it at once. The stream's own iterator closes it only after the pending read,
 * which may never end.
 */
function openStream<T>(stream: Stream<T>): AsyncIterator<T> {
  if ('getReader' in stream) {
    const reader = stream.getReader();
    return { next: () => reader.read() as Promise<IteratorResult<T>>, return: () => closed(reader.cancel()) };
  }
  // The stream's iterator handles errors from the first `next()` on, including earlier ones. Without this listener, an
  // error after `destroy()` (a file that cannot be opened) would end the process.
  stream.on?.('error', () => {});
  const iterator = stream[Symbol.asyncIterator]();
  return { next: () => iterator.next(), return: () => closed(stream.destroy()) };
}

/**
 * Whether a source can be read only once, as far as it shows without opening it: an iterator has a `next`, and an
 * iterable iterator returns itself.
 */
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
    // There is no subscriber left to report the error to.
  }
}
