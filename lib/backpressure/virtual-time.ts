import { asyncScheduler } from 'rxjs';

/** Whether TestScheduler.run turns RxJS's clock, which then begins at 0. */
export function isVirtualTime(): boolean {
  return Date.now() - asyncScheduler.now() > 1_000_000;
}
