import { OverflowError } from '../overflow-error.ts';
import { RingQueue } from '../ring-queue.ts';

/** What happens to a value when the queue of `onBackpressureBuffer` is full. */
export type Overflow = 'error' | 'dropOldest' | 'dropLatest';

/** The values that a policy holds while the stages below are full. */
export interface WaitingValues<T> {
  readonly size: number;
  /** Adds a value, and may drop one for it, possibly this very value. @throws OverflowError when there is no room. */
  add(value: T): void;
  shift(): T;
  clear(): void;
}

/** Keeps values in the order of arrival, up to a limit. */
export class Queue<T> extends RingQueue<T> implements WaitingValues<T> {
  readonly #limit: number;
  readonly #overflow: Overflow;
  readonly #drop: (value: T) => void;

  constructor(limit: number, overflow: Overflow, drop: (value: T) => void) {
    super();
    this.#limit = limit;
    this.#overflow = overflow;
    this.#drop = drop;
  }

  add(value: T): void {
    if (this.size < this.#limit) this.push(value);
    else if (this.#overflow === 'dropLatest') this.#drop(value);
    else if (this.#overflow === 'error') throw tooManyValues(this.#limit);
    else {
      const oldest = this.shift();
      this.push(value);
      this.#drop(oldest);
    }
  }

  override shift(): T {
    return super.shift() as T;
  }
}

/**
 * Keeps the latest value of each key. A newer value takes the place of the older one in the queue, so that every key
 * gets its turn.
 */
export class LatestByKey<T> implements WaitingValues<T> {
  readonly #values = new Map<unknown, T>();
  readonly #by: (value: T) => unknown;
  readonly #maxKeys: number;
  readonly #drop: (value: T) => void;

  constructor(by: (value: T) => unknown, maxKeys: number, drop: (value: T) => void) {
    this.#by = by;
    this.#maxKeys = maxKeys;
    this.#drop = drop;
  }

  get size(): number {
    return this.#values.size;
  }

  add(value: T): void {
    const key = this.#by(value);
    const isKnown = this.#values.has(key);
    if (!isKnown && this.#values.size >= this.#maxKeys) throw tooManyKeys(this.#maxKeys);
    const older = this.#values.get(key);
    this.#values.set(key, value);
    if (isKnown) this.#drop(older as T);
  }

  shift(): T {
    const [[key, value]] = this.#values as unknown as [[unknown, T]];
    this.#values.delete(key);
    return value;
  }

  clear(): void {
    this.#values.clear();
  }
}

function tooManyValues(limit: number): OverflowError {
  return new OverflowError(
    `onBackpressureBuffer: more than ${limit} values wait: their consumer is slower than their source. ` +
      'Raise the limit, drop values (overflow, onBackpressureDrop, onBackpressureLatest), ' +
      'or use no policy if the source can wait (pull, an inbound stream)',
  );
}

function tooManyKeys(maxKeys: number): OverflowError {
  return new OverflowError(
    `onBackpressureLatest: values of more than ${maxKeys} keys wait. Use a key with fewer distinct values (by), or raise maxKeys`,
  );
}
