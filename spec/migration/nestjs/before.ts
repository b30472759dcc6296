import 'reflect-metadata';
import { fileURLToPath } from 'node:url';
import { type Metadata, status } from '@grpc/grpc-js';
import { Controller, type INestMicroservice, Inject, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  ClientGrpcProxy,
  GrpcMethod,
  type GrpcOptions,
  GrpcStreamMethod,
  RpcException,
  Transport,
} from '@nestjs/microservices';
import { concatMap, defer, finalize, from, mergeMap, type Observable, tap, toArray } from 'rxjs';
import { OrderBook } from '../order-book.ts';

export interface Order {
  readonly orderId: string;
  readonly totalCents: string;
  readonly status: 'NEW' | 'PAID';
  readonly items: readonly string[];
  readonly payment?: 'card' | 'invoice';
  readonly card?: string;
  readonly invoice?: string;
}

export interface OrdersClient {
  getOrder(key: { orderId: string }, metadata?: Metadata): Observable<Order>;
  watchOrders(request: { from: number }, metadata?: Metadata): Observable<Order>;
  importOrders(order$: Observable<Order>, metadata?: Metadata): Observable<{ saved: number }>;
  priceOrders(order$: Observable<Order>, metadata?: Metadata): Observable<{ orderId: string; cents: string }>;
}

export const grpcOptions = (url: string): GrpcOptions => ({
  transport: Transport.GRPC,
  options: {
    url,
    package: 'shop',
    protoPath: fileURLToPath(new URL('../orders.proto', import.meta.url)),
    loader: { longs: String, enums: String, defaults: true, oneofs: true },
  },
});

@Controller()
export class OrdersController {
  @Inject(OrderBook)
  private readonly book!: OrderBook<Order>;

  @GrpcMethod('Orders')
  getOrder({ orderId }: { orderId: string }): Order {
    const order = this.book.find(orderId);
    if (order === undefined) throw new RpcException({ code: status.NOT_FOUND, message: `no order ${orderId}` });
    return order;
  }

  @GrpcMethod('Orders')
  watchOrders(request: { from: number }): Observable<Order> {
    return defer(() => {
      const gone = new AbortController();
      return from(this.book.since(request.from, gone.signal)).pipe(finalize(() => gone.abort()));
    });
  }

  @GrpcStreamMethod('Orders')
  importOrders(order$: Observable<Order>): Observable<{ saved: number }> {
    return order$.pipe(
      tap(order => {
        if (this.book.isComplete(order)) return;
        throw new RpcException({ code: status.INVALID_ARGUMENT, message: `order ${order.orderId} is incomplete` });
      }),
      toArray(),
      mergeMap(async orders => {
        await this.book.save(orders);
        return { saved: orders.length };
      }),
    );
  }

  @GrpcStreamMethod('Orders')
  priceOrders(order$: Observable<Order>): Observable<{ orderId: string; cents: number }> {
    return order$.pipe(concatMap(async order => ({ orderId: order.orderId, cents: await this.book.priceOf(order) })));
  }
}

export function createApp(url: string, book: OrderBook<Order>): Promise<INestMicroservice> {
  @Module({ controllers: [OrdersController], providers: [{ provide: OrderBook, useValue: book }] })
  class OrdersModule {}

  return NestFactory.createMicroservice<GrpcOptions>(OrdersModule, grpcOptions(url));
}

export function connectOrders(url: string): { readonly orders: OrdersClient; close(): void } {
  const proxy = new ClientGrpcProxy(grpcOptions(url).options);
  return { orders: proxy.getService('Orders'), close: () => proxy.close() };
}
