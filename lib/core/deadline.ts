import { asyncScheduler, type Subscription } from 'rxjs';

/** The longest delay of a timer in Node, about 24.8 days. */
export const MAX_TIMER_MS: number = 2 ** 31 - 1;

/** The longest timeout that gRPC can write: 99,999,999 hours. One that is longer counts as none. */
export const MAX_TIMEOUT_MS: number = 99_999_999 * 60 * 60 * 1000;

/** A cancellation that comes so shortly before the deadline is the caller's own deadline, by a clock of its own. */
const SLACK_MS = 10;

/** Whether a call that is cancelled now is so because its deadline has passed. */
export function isPast(deadline: Date | undefined): boolean {
  return deadline !== undefined && asyncScheduler.now() >= deadline.getTime() - SLACK_MS;
}

/**
 * Calls back at the deadline, however far away; returns its undo. grpc-js has a timer of its own, but tells of it only when the status can
 * be written, which a caller who does not read prevents for ever.
 */
export function startDeadline(deadline: Date | undefined, passed: () => void): () => void {
  if (deadline === undefined) return nothing;
  let timer: Subscription;
  const wait = (): void => {
    // RxJS's clock, which a TestScheduler turns.
    const leftMs = Math.max(0, deadline.getTime() - asyncScheduler.now());
    timer =
      leftMs > MAX_TIMER_MS ? asyncScheduler.schedule(wait, MAX_TIMER_MS) : asyncScheduler.schedule(passed, leftMs);
  };
  wait();
  return () => timer.unsubscribe();
}

const nothing = (): void => {};
