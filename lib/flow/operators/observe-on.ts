import type { MonoTypeOperatorFunction, observeOn as rxObserveOn, SchedulerLike } from 'rxjs';
import { postpone } from './postpone.ts';

/**
 * RxJS's `observeOn`, and what is scheduled waits for what stands below. A source that can wait is asked for at most 1,024
 * values ahead; a source that cannot is held without a bound, as in RxJS.
 */
export const observeOn: typeof rxObserveOn = <T>(scheduler: SchedulerLike, delay = 0): MonoTypeOperatorFunction<T> =>
  postpone({
    scheduler,
    dueAt: () => scheduler.now() + delay,
    isErrorPostponed: true,
    isCompletionPostponed: true,
  });
