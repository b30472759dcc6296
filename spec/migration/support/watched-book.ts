import { EventEmitter, once } from 'node:events';
import { OrderBook } from '../order-book.ts';

/** An order book that counts its calls. */
export class WatchedBook extends OrderBook<any> {
  /** Orders that since() returned. */
  given = 0;
  /** Orders that isComplete() checked. */
  checked = 0;
  /** Orders whose price was requested. */
  priced = 0;
  /** The number of orders in each save(). */
  readonly saves: number[] = [];
  /** What priceOf() waits for. */
  gate: Promise<void> = Promise.resolve();
  readonly #asked = new EventEmitter();

  /** Resolves as soon as a count has reached this value. */
  async until(reached: () => boolean): Promise<void> {
    while (!reached()) await once(this.#asked, 'asked');
  }

  override async *since(position: number, signal: AbortSignal): AsyncGenerator<any> {
    for await (const order of super.since(position, signal)) {
      this.given++;
      yield order;
    }
  }

  override isComplete(order: any): boolean {
    this.checked++;
    this.#asked.emit('asked');
    return super.isComplete(order);
  }

  override async save(orders: readonly any[]): Promise<void> {
    await super.save(orders);
    this.saves.push(orders.length);
    this.#asked.emit('asked');
  }

  override async priceOf(order: any): Promise<number> {
    this.priced++;
    this.#asked.emit('asked');
    await this.gate;
    return super.priceOf(order);
  }
}
