import { asyncScheduler, type MonoTypeOperatorFunction, type delay as rxDelay, type SchedulerLike } from 'rxjs';
import { postpone } from './postpone.ts';

/**
 * RxJS's `delay` with backpressure: a value that is due waits until the stages below are ready. An error is not
 * delayed.
 *
 * Buffered: at most 1,024 values that are not yet due from a source that can wait; 1,000,000 from one that cannot (in
 * RxJS, no bound), and one more is an {@link OverflowError}.
 */
export const delay: typeof rxDelay = <T>(
  due: number | Date,
  scheduler: SchedulerLike = asyncScheduler,
): MonoTypeOperatorFunction<T> =>
  postpone({
    scheduler,
    dueAt: due instanceof Date ? () => due.getTime() : () => scheduler.now() + due,
    isErrorPostponed: false,
    isCompletionPostponed: false,
  });
