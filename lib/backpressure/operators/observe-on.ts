import type { MonoTypeOperatorFunction, observeOn as rxObserveOn, SchedulerLike } from 'rxjs';
import { postpone } from './postpone.ts';

/**
 * RxJS's `observeOn`, and what is scheduled waits for what stands below. A source that can wait is asked for at most 1,024
 * values ahead; of a source that cannot, 1,000,000 are held (in RxJS, no bound).
 */
export const observeOn: typeof rxObserveOn = <T>(scheduler: SchedulerLike, delay = 0): MonoTypeOperatorFunction<T> =>
  postpone({
    scheduler,
    dueAt: () => scheduler.now() + delay,
    isErrorPostponed: true,
    isCompletionPostponed: true,
  });
