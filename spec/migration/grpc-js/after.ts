import {
  Code,
  close,
  connect,
  implement,
  load,
  pull,
  RpcError,
  type ServeOptions,
  type Server,
  type ServerCall,
  serve,
  toAsyncIterable,
} from 'rx-grpc';
import { concatMap } from 'rx-grpc/operators';
import { lastValueFrom, map, type Observable } from 'rxjs';
import type { OrderBook } from '../order-book.ts';

export interface Order {
  readonly orderId: string;
  readonly totalCents: bigint;
  readonly status: number;
  readonly items: readonly string[];
  readonly payment?: { readonly case: 'card' | 'invoice'; readonly value: string } | undefined;
}

const { Orders } = await load(new URL('../orders.proto', import.meta.url));

const handlers = (book: OrderBook<Order>) => ({
  getOrder: (key$: Observable<{ orderId: string }>) =>
    key$.pipe(
      map(({ orderId }) => {
        const order = book.find(orderId);
        if (order === undefined) throw new RpcError(Code.NOT_FOUND, `no order ${orderId}`);
        return order;
      }),
    ),

  watchOrders: (request$: Observable<{ from: number }>, { signal }: ServerCall) =>
    request$.pipe(concatMap(({ from }) => book.since(from, signal))),

  async importOrders(order$: Observable<Order>) {
    const orders: Order[] = [];
    for await (const order of toAsyncIterable(order$)) {
      if (!book.isComplete(order)) {
        throw new RpcError(Code.INVALID_ARGUMENT, `order ${order.orderId} is incomplete`);
      }
      orders.push(order);
    }
    await book.save(orders);
    return { saved: orders.length };
  },

  priceOrders: (order$: Observable<Order>) =>
    order$.pipe(concatMap(async order => ({ orderId: order.orderId, cents: await book.priceOf(order) }))),
});

export function serveOrders(url: string, book: OrderBook<Order>, options: ServeOptions = {}): Promise<Server> {
  return serve(url, implement(Orders, handlers(book)), options);
}

export class OrdersClient {
  readonly #client: any;

  constructor(url: string) {
    this.#client = connect(Orders, url);
  }

  getOrder(orderId: string): Promise<Order> {
    return lastValueFrom(this.#client.getOrder({ orderId }));
  }

  watchOrders(from: number): AsyncIterable<Order> {
    return toAsyncIterable(this.#client.watchOrders({ from }));
  }

  importOrders(orders: Iterable<Order> | AsyncIterable<Order>): Promise<{ saved: number }> {
    return lastValueFrom(pull(orders).pipe(this.#client.importOrders));
  }

  priceOrders(orders: Iterable<Order> | AsyncIterable<Order>): AsyncIterable<{ orderId: string; cents: bigint }> {
    return toAsyncIterable(pull(orders).pipe(this.#client.priceOrders));
  }

  close(): void {
    close(this.#client);
  }
}
