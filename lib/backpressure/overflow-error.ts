/** A queue for values whose source cannot wait is full. Names the queue, its limit and what to do. */
export class OverflowError extends Error {
  override readonly name: string = 'OverflowError';
}

/**
 * Values that a paced operator holds at most of a source which cannot wait. RxJS's own have no bound; this is more than
 * anybody means to hold, and an error before memory runs out.
 */
const MAX_HELD = 1_000_000;

/** @throws OverflowError when an operator that holds so many values is given one more. */
export function checkHeld(operator: string, held: number): void {
  if (held < MAX_HELD) return;
  throw new OverflowError(
    `${operator}: more than ${MAX_HELD} values wait: their source does not wait. ` +
      'Use a source that does (pull), or choose what to drop before this operator (onBackpressureBuffer, -Drop, -Latest)',
  );
}
