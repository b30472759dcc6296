import { asyncScheduler } from 'rxjs';
import { MAX_TIMER_MS } from './flow/stall.ts';

/** A cancellation that comes so shortly before the deadline is the caller's own deadline, by a clock of its own. */
const SLACK_MS = 10;

/** Whether a call that is cancelled now is so because its deadline has passed. */
export function isPast(deadline: Date | undefined): boolean {
  return deadline !== undefined && asyncScheduler.now() >= deadline.getTime() - SLACK_MS;
}

/**
 * Calls back at the deadline; returns its undo. grpc-js has a timer of its own, but tells of it only when the status can
 * be written, which a caller who does not read prevents for ever.
 */
export function startDeadline(deadline: Date | undefined, passed: () => void): () => void {
  if (deadline === undefined) return nothing;
  const delayMs = deadline.getTime() - asyncScheduler.now();
  if (delayMs > MAX_TIMER_MS) return nothing;
  // RxJS's clock, which a TestScheduler turns.
  const timer = asyncScheduler.schedule(passed, Math.max(0, delayMs));
  return () => timer.unsubscribe();
}

const nothing = (): void => {};
