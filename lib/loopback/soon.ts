import { asapScheduler, asyncScheduler } from 'rxjs';

/** So many turns of microtasks in a row, then one of the event loop: else a stream without end would stop all timers. */
const MAX_TURNS = 64;

let turns = 0;

/** Runs work when who asked has returned, as a wire would; in virtual time in the same frame. */
export function soon(work: () => void): void {
  turns = (turns + 1) % MAX_TURNS;
  const scheduler = turns === 0 || isVirtualTime() ? asyncScheduler : asapScheduler;
  scheduler.schedule(work);
}

/**
 * Whether a TestScheduler turns RxJS's clock: it begins at 0. There timers serve better, for TestScheduler.run loses count
 * when an immediate's work clears a timer of the same frame ("Expected a due immediate or interval").
 */
function isVirtualTime(): boolean {
  return Date.now() - asyncScheduler.now() > 1_000_000;
}
