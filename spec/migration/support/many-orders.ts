import type { Party } from './parties.ts';

/** A source that can wait emits only a few of this many orders of 32 KiB to a reader that stops. */
export const MANY = 300;

/** The documented maximum (docs/backpressure.md), and one that the reader took. */
export const AHEAD = 22;

/** Orders, with a callback when each is taken. */
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
