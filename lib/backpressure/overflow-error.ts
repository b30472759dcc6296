/**
 * The error of a full queue for values whose source cannot wait. Its message names the queue, the limit and the
 * remedies.
 */
export class OverflowError extends Error {
  override readonly name: string = 'OverflowError';
}

/**
 * The most values that a paced operator holds from a source that cannot wait. RxJS's own operators have no bound. The
 * limit is higher than any intended queue, and fails before memory runs out.
 */
const MAX_HELD = 1_000_000;

/** @throws OverflowError when an operator already holds the maximum. */
export function checkHeld(operator: string, held: number): void {
  if (held < MAX_HELD) return;
  throw new OverflowError(
    `${operator}: more than ${MAX_HELD} values wait, because their source does not. ` +
      'Use a source that can wait (pull), or drop values before this operator (onBackpressureBuffer, -Drop, -Latest)',
  );
}
