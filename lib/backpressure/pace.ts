import type { Subscriber } from 'rxjs';
import { bindKnownContext } from '../core/async-context.ts';
import { type Demand, firstFull, type PauseListener } from './demand.ts';
import { demandsBelow } from './rxjs-internals.ts';

export interface PaceOptions {
  /**
   * The values to deliver without checking whether the stages below are ready: 0 or 1. Default: 0.
   *
   * An inbound stream uses 1: it keeps one read outstanding and checks after delivering. It therefore also works as a
   * notifier (`takeUntil`) of a full chain.
   */
  readonly unasked?: 0 | 1;
  /** Listens for the pauses of the source. */
  readonly meter?: PauseListener | undefined;
}

/**
 * Runs a source that can wait. `produce` delivers one value and returns true, or returns false when it has none now. It
 * is called in a loop while the subscriber is open and every stage below is ready. Because of the loop, a stage that
 * becomes ready during a delivery does not grow the stack.
 *
 * Returns a function that starts the source, and starts it again when the source has a value. The chain below is
 * inspected once, at this call. After a wait, the source continues in the async context of this call.
 */
export function pace(subscriber: Subscriber<any>, produce: () => boolean, options: PaceOptions = {}): () => void {
  const { unasked = 0, meter } = options;
  const demands = demandsBelow(subscriber);
  const waitsFor = () => (demands.some(({ ready, isWire }) => !ready && isWire) ? 'wire' : 'demand');
  let credit: number = unasked;
  let running = false;
  let waiting = false;
  let undo: (() => void) | undefined;

  const run = (): void => {
    if (running || waiting) return;
    running = true;
    try {
      while (!subscriber.closed) {
        if (credit === 0) {
          const full = firstFull(demands);
          if (full !== undefined && isMadeToWait(full)) break;
          if (full !== undefined) continue;
          credit = 1;
        }
        const delivered = produce();
        if (delivered || unasked === 0) credit = 0; // a stage may be full again by the time a late value arrives
        if (!delivered) break;
      }
    } finally {
      running = false;
    }
  };

  // The stage that calls it may belong to another call, so it restores this call's context.
  const resume = bindKnownContext((): void => {
    waiting = false;
    run();
    if (!waiting) meter?.resume();
  });

  const isMadeToWait = (full: Demand): boolean => {
    waiting = true;
    undo = full.onReady(resume);
    if (waiting && full.isBrief !== true) meter?.pause(waitsFor);
    return waiting;
  };

  subscriber.add(() => {
    if (waiting) undo?.();
    meter?.resume();
  });
  return run;
}
