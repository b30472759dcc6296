import type { Client, Server } from '@grpc/grpc-js';
import { Code, connect, implement, RpcError, toAsyncIterable } from 'rx-grpc';
import type { Observable } from 'rxjs';
import type { OrderBook } from '../order-book.ts';
import { handlers, type Order, Orders } from './before.ts';

const { ImportOrders, ...others } = Orders.service;

/** The service of before.ts on a server of grpc-js; ImportOrders is rx-grpc's. */
export function addOrders(server: Server, book: OrderBook<Order>): void {
  server.addService(others, handlers(book));
  const moved = implement<any>({ ImportOrders }, { importOrders: importOrders(book) });
  server.addService(moved.definition, moved.implementation);
}

const importOrders = (book: OrderBook<Order>) => async (order$: Observable<Order>) => {
  const orders: Order[] = [];
  for await (const order of toAsyncIterable(order$)) {
    if (!book.isComplete(order)) {
      throw new RpcError(Code.INVALID_ARGUMENT, `order ${order.orderId} is incomplete`);
    }
    orders.push(order);
  }
  await book.save(orders);
  return { saved: orders.length };
};

/** All RPCs over an existing client of grpc-js: its channel, its credentials, its interceptors. */
export function ordersOver(client: Client): any {
  return connect(Orders.service, client);
}
