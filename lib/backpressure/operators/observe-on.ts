import type { MonoTypeOperatorFunction, observeOn as rxObserveOn, SchedulerLike } from 'rxjs';
import { postpone } from './postpone.ts';

/**
 * RxJS's `observeOn` with backpressure: a scheduled value waits until the stages below are ready.
 *
 * Buffered: at most 1,024 values from a source that can wait; 1,000,000 from one that cannot (in RxJS, no bound), and
 * one more is an {@link OverflowError}.
 */
export const observeOn: typeof rxObserveOn = <T>(scheduler: SchedulerLike, delay = 0): MonoTypeOperatorFunction<T> =>
  postpone({
    scheduler,
    dueAt: () => scheduler.now() + delay,
    isErrorPostponed: true,
    isCompletionPostponed: true,
  });
