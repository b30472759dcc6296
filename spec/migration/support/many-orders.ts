import type { Party } from './parties.ts';

/** Of so many orders of 32 KiB a source that can wait gives no more than a few to a reader that stops. */
export const MANY = 300;

/** So many (docs/backpressure.md), and one that the reader took. */
export const AHEAD = 22;

/** Orders, each told of when it is taken. */
export function* manyOrders(
  party: Party,
  taken: () => void = () => {},
  count: number = MANY,
  bytes: number = 32 * 1024,
): Generator<any> {
  const items = ['x'.repeat(bytes)];
  for (let n = 0; n < count; n++) {
    taken();
    yield { ...party.order, orderId: String(n), items };
  }
}
