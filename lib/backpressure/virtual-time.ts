import { asyncScheduler } from 'rxjs';

/** Whether the code runs inside TestScheduler.run, where RxJS's clock starts at 0. */
export function isVirtualTime(): boolean {
  return Date.now() - asyncScheduler.now() > 1_000_000;
}
