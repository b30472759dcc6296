import type { Client, Server } from '@grpc/grpc-js';
import { type INestMicroservice, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { ClientGrpc, GrpcOptions } from '@nestjs/microservices';
import { Code, connect, implement, load, RpcError } from 'rx-grpc';
import { mergeMap } from 'rx-grpc/operators';
import { type Observable, tap, toArray } from 'rxjs';
import { OrderBook } from '../order-book.ts';
import type { OrdersClient } from './after.ts';
import { grpcOptions, type Order, OrdersController } from './before.ts';

/** The application of before.ts; ImportOrders is rx-grpc's, on the same server and port. */
export async function createApp(url: string, book: OrderBook<Order>): Promise<INestMicroservice> {
  @Module({ controllers: [OrdersController], providers: [{ provide: OrderBook, useValue: book }] })
  class OrdersModule {}

  const before = grpcOptions(url);
  const onLoadPackageDefinition = (definition: any, server: Server) => {
    const { ImportOrders } = definition['shop.Orders'];
    delete definition['shop.Orders'].ImportOrders; // otherwise NestJS adds it too, and listen() fails
    const moved = implement<any>({ ImportOrders }, { importOrders: importOrders(app.get(OrderBook)) });
    server.addService(moved.definition, moved.implementation);
  };
  const app = await NestFactory.createMicroservice<GrpcOptions>(OrdersModule, {
    ...before,
    options: { ...before.options, onLoadPackageDefinition },
  });
  return app;
}

const importOrders = (book: OrderBook<Order>) => (order$: Observable<Order>) =>
  order$.pipe(
    tap(order => {
      if (!book.isComplete(order)) throw new RpcError(Code.INVALID_ARGUMENT, `order ${order.orderId} is incomplete`);
    }),
    toArray(),
    mergeMap(async orders => {
      await book.save(orders);
      return { saved: orders.length };
    }),
  );

const { Orders } = await load(new URL('../orders.proto', import.meta.url));

/** All RPCs over the connection of a client of NestJS. */
export function ordersOver(proxy: ClientGrpc): OrdersClient {
  return connect(Orders, proxy.getClientByServiceName<Client>('Orders'));
}
