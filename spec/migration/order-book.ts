import { EventEmitter, once } from 'node:events';

/** What an application has already, a database say: orders, in the order in which they were saved. */
export class OrderBook<Order extends { readonly orderId: string; readonly items: readonly string[] }> {
  readonly #orders: Order[] = [];
  readonly #events = new EventEmitter();

  find(orderId: string): Order | undefined {
    return this.#orders.findLast(order => order.orderId === orderId);
  }

  /** All orders from a position on; waits for more until the signal aborts, then ends. */
  async *since(position: number, signal: AbortSignal): AsyncGenerator<Order> {
    for (let next = position; !signal.aborted; ) {
      const order = this.#orders[next];
      if (order === undefined) {
        await once(this.#events, 'saved', { signal }).catch(() => {});
      } else {
        next++;
        yield order;
      }
    }
  }

  isComplete(order: Order): boolean {
    return order.items.length > 0;
  }

  async save(orders: readonly Order[]): Promise<void> {
    this.#orders.push(...orders);
    this.#events.emit('saved');
  }

  async priceOf(order: Order): Promise<number> {
    return order.items.join('').length * 100;
  }
}
