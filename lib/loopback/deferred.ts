import { asyncScheduler } from 'rxjs';
import { isVirtualTime } from '../backpressure/virtual-time.ts';
import { outsideContext } from '../core/async-context.ts';

/** Microtasks in a row before one turn of the event loop. Without it an endless stream would stop all timers. */
const MAX_TURNS = 64;

// Node's own, so that a test's fake timers do not hold up a call.
const { queueMicrotask, setImmediate } = globalThis;

let turns = 0;

/**
 * Runs work after the caller has returned, as a network would, and outside any async context. In virtual time it runs in the same
 * frame. The order of two calls is not guaranteed.
 */
export function deferred(work: () => void): void {
  if (isVirtualTime()) {
    // Not asapScheduler: TestScheduler.run loses count when an immediate's work clears a timer of the same frame.
    asyncScheduler.schedule(work);
    return;
  }
  turns = (turns + 1) % MAX_TURNS;
  if (turns === 0) setImmediate(outsideContext, work);
  else queueMicrotask(() => outsideContext(work));
}
