import type { Observable, Subscription } from 'rxjs';
import { deferred } from './deferred.ts';

/** How an Observable ended: completed when there is no error. */
interface Ending {
  readonly error?: unknown;
}

export interface Recording<T> {
  readonly values: T[];
  readonly ending: Promise<Ending>;
  /** Resolves with the first n values as soon as there are so many. */
  received(n: number): Promise<T[]>;
  readonly subscription: Subscription;
}

/** Subscribes, and writes down what comes. */
export function record<T>(source$: Observable<T>): Recording<T> {
  const values: T[] = [];
  const { promise: ending, resolve: end } = deferred<Ending>();
  let waiting: { n: number; resolve: (values: T[]) => void } | undefined;
  const tell = () => {
    if (waiting !== undefined && values.length >= waiting.n) waiting.resolve(values.slice(0, waiting.n));
  };
  const subscription = source$.subscribe({
    next: value => {
      values.push(value);
      tell();
    },
    error: (error: unknown) => end({ error }),
    complete: () => end({}),
  });
  return {
    values,
    ending,
    subscription,
    received: n =>
      new Promise(resolve => {
        waiting = { n, resolve };
        tell();
      }),
  };
}

/** What an Observable fails with; undefined when it completes. */
export async function errorOf(source$: Observable<unknown>): Promise<any> {
  return (await record(source$).ending).error;
}

/** What a function throws. */
export function thrownBy(run: () => unknown): any {
  try {
    run();
  } catch (error) {
    return error;
  }
  throw new Error('it throws nothing');
}

/** What a promise is rejected with. */
export async function rejectionOf(promise: Promise<unknown>): Promise<any> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error('it is not rejected');
}
