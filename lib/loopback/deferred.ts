import { asyncScheduler } from 'rxjs';
import { isVirtualTime } from '../backpressure/virtual-time.ts';
import { outsideContext } from '../core/async-context.ts';

/** So many turns of microtasks in a row, then one of the event loop: else a stream without end would stop all timers. */
const MAX_TURNS = 64;

// Those of Node, also where a test puts fake timers in their place later: a call is not to wait for these.
const { queueMicrotask, setImmediate } = globalThis;

let turns = 0;

/**
 * Runs work when who asked has returned, as a wire would, and in nobody's async context; in virtual time in the same frame.
 * Two works may change places.
 */
export function soon(work: () => void): void {
  if (isVirtualTime()) {
    // Not asapScheduler: TestScheduler.run loses count when an immediate's work clears a timer of the same frame.
    asyncScheduler.schedule(work);
    return;
  }
  turns = (turns + 1) % MAX_TURNS;
  if (turns === 0) setImmediate(outsideContext, work);
  else queueMicrotask(() => outsideContext(work));
}
