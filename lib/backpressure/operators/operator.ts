import type { OperatorFunction, Subscriber } from 'rxjs';
import { PacedSubscriber, withSource } from '../rxjs-internals.ts';

/** The handlers of a hand-written operator. */
export interface OperatorObserver<T> {
  /** Handles a value. An error that it throws becomes the error of the output. */
  next(value: T): void;
  /** Default: passes the error on. */
  error?(error: unknown): void;
  /** Default: completes the output. */
  complete?(): void;
  /** Called once when the operator is closed, in whatever way. */
  finalize?(): void;
}

/**
 * Makes an operator that keeps the backpressure: a source above it still waits for the stages below it. A plain `new
 * Observable(output => x$.subscribe(value => output.next(value)))` breaks the chain.
 *
 * The operator should not queue values without a bound. An operator that collects values can emit them as one array,
 * followed by a paced `concatAll()`.
 */
export function operator<T, R = T>(attach: (output: Subscriber<R>) => OperatorObserver<T>): OperatorFunction<T, R> {
  return source =>
    withSource(source, output => {
      const observer = attach(output);
      source.subscribe(
        new PacedSubscriber<T>(
          {
            next: value => observer.next(value),
            error: error => (observer.error === undefined ? output.error(error) : observer.error(error)),
            complete: () => (observer.complete === undefined ? output.complete() : observer.complete()),
            finalize: () => observer.finalize?.(),
          },
          undefined,
          output,
        ),
      );
    });
}
