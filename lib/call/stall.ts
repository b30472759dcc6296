import { asyncScheduler, interval } from 'rxjs';
import { MAX_TIMER_MS } from '../core/validate.ts';
import type { DirectionStats } from './direction-stats.ts';

/**
 * Calls back when a meter has waited for demand so long without a move; returns its undo. Waiting for the wire is no stall.
 * It looks twice in that time, so that a pause that comes and goes costs no timer; a stall is seen up to half of it late.
 */
export function watchForStall(meter: DirectionStats, timeoutMs: number | undefined, stalled: () => void): () => void {
  if (timeoutMs === undefined || timeoutMs > MAX_TIMER_MS) return nothing;
  const look = interval(timeoutMs / 2).subscribe(() => {
    const { waitsFor, waitsSince } = meter;
    if (waitsFor === 'demand' && asyncScheduler.now() - waitsSince!.getTime() >= timeoutMs) stalled();
  });
  return () => look.unsubscribe();
}

const nothing = (): void => {};
