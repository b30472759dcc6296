import type { Subscriber } from 'rxjs';
import { bindKnownContext } from '../core/async-context.ts';
import { type Demand, firstFull, type PauseListener } from './demand.ts';
import { demandsBelow } from './rxjs-internals.ts';

export interface PaceOptions {
  /**
   * Values that may be delivered before anybody is asked: 1 for an inbound stream, which keeps one read outstanding and
   * asks after it delivered, so that it also works as a notifier (`takeUntil`) of a chain that is full. Default: 0.
   */
  readonly unasked?: 0 | 1;
  /** Hears of pauses. */
  readonly meter?: PauseListener | undefined;
}

/**
 * Runs a source that can wait: `produce` delivers one value and says true, or has none now and says false. It is called
 * while the subscriber is open and every stage below is ready, in a loop: a stage that becomes ready during a delivery
 * does not grow the stack.
 *
 * The returned function starts it, and starts it again when the source has something. The chain is looked at once, here, and
 * the async context of here is that in which it goes on after a wait.
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
        if (delivered || unasked === 0) credit = 0; // what was ready may be full when a late value comes
        if (!delivered) break;
      }
    } finally {
      running = false;
    }
  };

  // Who wakes it may be another call's stage.
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
