/**
 * Runs an attempt whose calls have a deadline. On a busy machine the deadline may pass before what the spec is about has begun: such an
 * attempt returns false, and the next has twice the time.
 */
export async function withEnoughTime(startMs: number, attempt: (timeoutMs: number) => Promise<boolean>): Promise<void> {
  let timeoutMs = startMs;
  while (!(await attempt(timeoutMs))) timeoutMs *= 2;
}

/** Whether one thing happens before another; both are waited for no longer than the first of them. */
export function isBefore(one: Promise<unknown>, other: Promise<unknown>): Promise<boolean> {
  return Promise.race([one.then(() => true), other.then(() => false)]);
}
