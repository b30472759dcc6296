import { asyncScheduler, type MonoTypeOperatorFunction, type delay as rxDelay, type SchedulerLike } from 'rxjs';
import { postpone } from './postpone.ts';

/**
 * RxJS's `delay`, and what is due waits for what stands below. A source that can wait is asked for at most 1,024 values
 * that are not yet due; of a source that cannot, 1,000,000 are held (in RxJS, no bound). An error is not delayed.
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
