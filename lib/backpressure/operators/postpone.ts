import type { MonoTypeOperatorFunction, SchedulerLike, Subscription } from 'rxjs';
import { bindKnownContext } from '../../core/async-context.ts';
import { Gate } from '../gate.ts';
import { checkHeld } from '../overflow-error.ts';
import { pace } from '../pace.ts';
import { RingQueue } from '../ring-queue.ts';
import { PacedSubscriber, withSource } from '../rxjs-internals.ts';

/** The most values from a source that can wait that are held until they are due. */
const MAX_AHEAD = 1024;

/** When values are due, in the scheduler's time, and which other notifications are postponed. */
export interface Postponement {
  readonly scheduler: SchedulerLike;
  readonly dueAt: () => number;
  /** Whether an error waits like a value (`observeOn`), or overtakes the held values (`delay`). */
  readonly isErrorPostponed: boolean;
  /** Whether completion waits as long as a value, or only for the values before it. */
  readonly isCompletionPostponed: boolean;
}

/**
 * Holds each value until it is due and the stages below are ready. It holds at most 1,024 values from a source that can
 * wait, and 1,000,000 from one that cannot (in RxJS, no bound). One more is an OverflowError.
 */
export function postpone<T>(postponement: Postponement): MonoTypeOperatorFunction<T> {
  const { scheduler, dueAt, isErrorPostponed, isCompletionPostponed } = postponement;
  return source =>
    withSource(source, output => {
      const held = new RingQueue<{ readonly at: number; readonly deliver: () => void }>();
      const gate = new Gate(() => held.size < MAX_AHEAD);
      let timer: Subscription | undefined;
      let now = Number.NEGATIVE_INFINITY;

      const run = pace(output, () => {
        const next = held.peek();
        if (next === undefined) return false;
        if (next.at > now) {
          wake(next.at);
          return false;
        }
        held.shift();
        next.deliver();
        gate.wake();
        return true;
      });

      // Restores the context, because some schedulers run the work of several callers together.
      const due = bindKnownContext((at: number): void => {
        timer?.unsubscribe();
        timer = undefined;
        now = Math.max(at, scheduler.now()); // Node's timers may fire a millisecond early
        run();
      });

      const wake = (at: number): void => {
        timer ??= scheduler.schedule(() => due(at), Math.max(0, at - scheduler.now()));
      };

      const hold = (deliver: () => void, at = dueAt()): void => {
        held.push({ at, deliver });
        wake(at);
      };

      output.add(() => timer?.unsubscribe());
      source.subscribe(
        new PacedSubscriber<T>(
          {
            next: value => {
              checkHeld('delay, observeOn', held.size);
              hold(() => output.next(value));
            },
            error: error => (isErrorPostponed ? hold(() => output.error(error)) : output.error(error)),
            complete: () => {
              if (isCompletionPostponed) hold(() => output.complete());
              else if (held.size === 0) output.complete();
              else hold(() => output.complete(), Number.NEGATIVE_INFINITY);
            },
          },
          gate,
          output,
        ),
      );
    });
}
