/**
 * The most messages that had passed one point and not yet the next, given when each passed: two ascending lists of times
 * on the same clock.
 */
export function runAhead(passed: readonly number[], next: readonly number[]): number {
  let most = 0;
  let gone = 0;
  for (const [i, time] of passed.entries()) {
    while (gone < next.length && next[gone]! <= time) gone++;
    most = Math.max(most, i + 1 - gone);
  }
  return most;
}
