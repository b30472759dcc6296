import type { OperatorFunction, Subscriber } from 'rxjs';
import { PacedSubscriber, withSource } from '../rxjs-internals.ts';

/** A hand-written operator's answer to each notification. */
export interface OperatorObserver<T> {
  /** What this throws becomes the output's error. */
  next(value: T): void;
  /** Default: passes the error on. */
  error?(error: unknown): void;
  /** Default: completes the output. */
  complete?(): void;
  /** Called once when the operator is closed, in whatever way. */
  finalize?(): void;
}

/**
 * A hand-written operator that keeps the chain: a source above it still waits for the stages below it. (A hand-written
 * `new Observable(output => x$.subscribe(value => output.next(value)))` ends the chain.)
 *
 * The operator should not queue without a bound; one that gathers values gives them on as one array, and a paced
 * `concatAll()` after it spreads them.
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
