import type { Observable, Subscription } from 'rxjs';
import { deferred } from './deferred.ts';

/** How an Observable ended: completed if there is no error. */
interface Ending {
  readonly error?: unknown;
}

export interface Recording<T> {
  readonly values: T[];
  readonly ending: Promise<Ending>;
  /** Resolves with the first n values when they have arrived. */
  received(n: number): Promise<T[]>;
  readonly subscription: Subscription;
}

/** Subscribes, and records the notifications. */
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

/** The error of an Observable; undefined when it completes. */
export async function errorOf(source$: Observable<unknown>): Promise<any> {
  return (await record(source$).ending).error;
}

/** The exception of a function. */
export function thrownBy(run: () => unknown): any {
  try {
    run();
  } catch (error) {
    return error;
  }
  throw new Error('it throws nothing');
}

/** The rejection reason of a promise. */
export async function rejectionOf(promise: Promise<unknown>): Promise<any> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error('it is not rejected');
}
