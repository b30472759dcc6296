import {
  type CallOptions,
  Code,
  close,
  connect,
  implement,
  load,
  RpcError,
  type ServeOptions,
  type Server,
  type ServerCall,
  serve,
} from 'rx-grpc';
import { concatMap, mergeMap } from 'rx-grpc/operators';
import { map, type Observable, tap, toArray } from 'rxjs';
import type { OrderBook } from '../order-book.ts';

export interface Order {
  readonly orderId: string;
  readonly totalCents: bigint;
  readonly status: number;
  readonly items: readonly string[];
  readonly payment?: { readonly case: 'card' | 'invoice'; readonly value: string } | undefined;
}

export interface OrdersClient {
  getOrder(key: { orderId: string }, options?: CallOptions): Observable<Order>;
  watchOrders(request: { from: number }, options?: CallOptions): Observable<Order>;
  importOrders(order$: Observable<Order>, options?: CallOptions): Observable<{ saved: number }>;
  priceOrders(order$: Observable<Order>, options?: CallOptions): Observable<{ orderId: string; cents: bigint }>;
}

const { Orders } = await load(new URL('../orders.proto', import.meta.url));

const handlers = (book: OrderBook<Order>) => ({
  getOrder(key$: Observable<{ orderId: string }>): Observable<Order> {
    return key$.pipe(
      map(({ orderId }) => {
        const order = book.find(orderId);
        if (order === undefined) throw new RpcError(Code.NOT_FOUND, `no order ${orderId}`);
        return order;
      }),
    );
  },

  watchOrders(request$: Observable<{ from: number }>, { signal }: ServerCall): Observable<Order> {
    return request$.pipe(concatMap(({ from }) => book.since(from, signal)));
  },

  importOrders(order$: Observable<Order>): Observable<{ saved: number }> {
    return order$.pipe(
      tap(order => {
        if (book.isComplete(order)) return;
        throw new RpcError(Code.INVALID_ARGUMENT, `order ${order.orderId} is incomplete`);
      }),
      toArray(),
      mergeMap(async orders => {
        await book.save(orders);
        return { saved: orders.length };
      }),
    );
  },

  priceOrders(order$: Observable<Order>): Observable<{ orderId: string; cents: number }> {
    return order$.pipe(concatMap(async order => ({ orderId: order.orderId, cents: await book.priceOf(order) })));
  },
});

export function serveOrders(url: string, book: OrderBook<Order>, options: ServeOptions = {}): Promise<Server> {
  return serve(url, implement(Orders, handlers(book)), options);
}

export function connectOrders(url: string): { readonly orders: OrdersClient; close(): void } {
  const orders: OrdersClient = connect(Orders, url);
  return { orders, close: () => close(orders) };
}
