/**
 * Runs an attempt whose calls have a deadline. On a busy machine the deadline may pass before the tested situation is reached: such an
 * attempt returns false, and the next has twice the time.
 */
export async function withEnoughTime(startMs: number, attempt: (timeoutMs: number) => Promise<boolean>): Promise<void> {
  let timeoutMs = startMs;
  while (!(await attempt(timeoutMs))) timeoutMs *= 2;
}

/** Whether one event precedes another. Waits until the first of them. */
export function isBefore(one: Promise<unknown>, other: Promise<unknown>): Promise<boolean> {
  return Promise.race([one.then(() => true), other.then(() => false)]);
}
