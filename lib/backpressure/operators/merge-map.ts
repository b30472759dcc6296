import {
  identity,
  isObservable,
  map,
  type ObservableInput,
  type ObservedValueOf,
  type OperatorFunction,
  type concatAll as rxConcatAll,
  type concatMap as rxConcatMap,
  type mergeAll as rxMergeAll,
  type mergeMap as rxMergeMap,
} from 'rxjs';
import { bindKnownContext } from '../../core/async-context.ts';
import { Gate } from '../gate.ts';
import { fromInput } from '../input.ts';
import { checkHeld, OverflowError } from '../overflow-error.ts';
import { RingQueue } from '../ring-queue.ts';
import { comesFromSubject, PacedSubscriber, withSource } from '../rxjs-internals.ts';

/** The most values that wait behind an inner Observable that comes from a Subject: see `gate`. */
const MAX_BEHIND_SUBJECT = 1024;

/**
 * RxJS's `mergeMap` with backpressure: a source that can wait is asked for a value only while fewer than `concurrent`
 * inner Observables are active. Promises are awaited. Iterables and streams are pulled, so that they wait for the
 * stages below.
 *
 * Buffered: at most one value per inbound stream upstream, and 1,000,000 values from a source that cannot wait (in
 * RxJS, no bound). Behind an inner Observable that comes from a Subject, or was made from one (a window, a group),
 * 1,024 values. One more is an {@link OverflowError}.
 *
 * @param concurrent the most inner Observables that are active at a time, from 1. Default: no limit.
 * @throws RangeError when `concurrent` is less than 1.
 */
export const mergeMap: typeof rxMergeMap = <T, O extends ObservableInput<any>>(
  project: (value: T, index: number) => O,
  selectorOrConcurrent?: unknown,
  concurrent: number = Number.POSITIVE_INFINITY,
): OperatorFunction<T, any> => {
  if (typeof selectorOrConcurrent === 'function') {
    const select = selectorOrConcurrent;
    return merge(
      (value: T, index) => fromInput(project(value, index)).pipe(map((inner, i) => select(value, inner, index, i))),
      concurrent,
    );
  }
  return merge(project, typeof selectorOrConcurrent === 'number' ? selectorOrConcurrent : concurrent);
};

function merge<T>(
  project: (value: T, index: number) => ObservableInput<any>,
  concurrent: number,
): OperatorFunction<T, any> {
  if (!(concurrent >= 1)) throw new RangeError(`mergeMap: expected concurrent to be 1 or more, got ${concurrent}`);

  return source =>
    withSource(source, subscriber => {
      const buffer = new RingQueue<T>();
      let index = 0;
      let active = 0;
      let activeFromSubject = 0;
      let isComplete = false;
      let isDraining = false;

      // An inner Observable that comes from a Subject may get its values from this very source, as windows and groups
      // do. Making the source wait for it would then be a deadlock, so the source continues and the values queue up to
      // a limit.
      const gate = new Gate(() => activeFromSubject > 0 || (buffer.size === 0 && active < concurrent));

      const start = (value: T): void => {
        active++; // first, because `project` may make the source emit
        const inner$ = fromInput(project(value, index++));
        // A project function that gets a group or a window probably reads it, even where that does not show: `w =>
        // client.upload(w)`.
        const isFromSubject = comesFromSubject(inner$) || (isObservable(value) && comesFromSubject(value));
        let innerIsComplete = false;
        if (isFromSubject) activeFromSubject++;
        inner$.subscribe(
          new PacedSubscriber<unknown>(
            {
              next: innerValue => subscriber.next(innerValue),
              error: error => subscriber.error(error),
              complete: () => {
                innerIsComplete = true;
              },
              finalize: () => {
                if (!innerIsComplete) return;
                active--;
                if (isFromSubject) activeFromSubject--;
                drain();
              },
            },
            undefined,
            subscriber,
          ),
        );
      };

      // A loop instead of a recursion, so that many synchronous inner Observables do not grow the stack. It restores
      // the context of this call: the inner Observable that ends may belong to a pool or to another call.
      const drain = bindKnownContext((): void => {
        if (isDraining) return;
        isDraining = true;
        try {
          while (buffer.size > 0 && active < concurrent && !subscriber.closed) start(buffer.shift()!);
        } catch (error) {
          subscriber.error(error);
        } finally {
          isDraining = false;
        }
        if (isComplete && active === 0 && buffer.size === 0) subscriber.complete();
        else gate.wake();
      });

      source.subscribe(
        new PacedSubscriber<T>(
          {
            next: value => {
              if (buffer.size === 0 && active < concurrent) return start(value);
              if (activeFromSubject > 0 && buffer.size >= MAX_BEHIND_SUBJECT) throw behindSubject();
              checkHeld('mergeMap, concatMap', buffer.size);
              buffer.push(value);
            },
            error: error => subscriber.error(error),
            complete: () => {
              isComplete = true;
              drain();
            },
          },
          gate,
          subscriber,
        ),
      );
    });
}

function behindSubject(): OverflowError {
  return new OverflowError(
    `mergeMap, concatMap: more than ${MAX_BEHIND_SUBJECT} values wait behind an inner Observable that comes from a ` +
      'Subject (a group of groupBy, a window, a Subject of yours). The source does not wait for such an Observable, which may ' +
      'need the source to continue. Allow more of them at a time, or, if it does not need the source, hide the Subject: defer(() => inner$)',
  );
}

/** RxJS's `mergeAll` with the backpressure of {@link mergeMap}. */
export const mergeAll: typeof rxMergeAll = <O extends ObservableInput<any>>(
  concurrent?: number,
): OperatorFunction<O, ObservedValueOf<O>> => mergeMap(identity<O>, concurrent);

/**
 * RxJS's `concatMap` with backpressure: a source that can wait is asked for a value only when no inner Observable is
 * active. Otherwise like {@link mergeMap} with `concurrent` 1.
 */
export const concatMap: typeof rxConcatMap = <T, O extends ObservableInput<any>>(
  project: (value: T, index: number) => O,
  resultSelector?: any,
): OperatorFunction<T, any> => mergeMap(project, typeof resultSelector === 'function' ? resultSelector : 1, 1);

/** RxJS's `concatAll` with the backpressure of {@link concatMap}. */
export const concatAll: typeof rxConcatAll = <O extends ObservableInput<any>>(): OperatorFunction<
  O,
  ObservedValueOf<O>
> => mergeAll(1);
