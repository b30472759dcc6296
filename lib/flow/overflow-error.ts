/** A queue for values whose source cannot wait is full. Names the queue, its limit and what to do. */
export class OverflowError extends Error {
  override readonly name: string = 'OverflowError';
}
