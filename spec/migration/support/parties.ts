import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { Logger } from '@nestjs/common';
import { from, lastValueFrom, type Observable, take, toArray } from 'rxjs';
import * as grpcJsAfter from '../grpc-js/after.ts';
import * as grpcJsBefore from '../grpc-js/before.ts';
import * as nestjsAfter from '../nestjs/after.ts';
import * as nestjsBefore from '../nestjs/before.ts';
import type { OrderBook } from '../order-book.ts';

/** One program of a page: its server and its client behind one interface, whatever their libraries. */
export interface Party {
  serve(book: OrderBook<any>): Promise<{ readonly address: string; stop(): Promise<void> }>;
  connect(address: string): PartyClient;
  /** An order in the form of this program. */
  readonly order: object;
}

export interface PartyClient {
  getOrder(orderId: string): Promise<any>;
  /** The first n orders from a position on. */
  watchOrders(from: number, n: number): Promise<any[]>;
  importOrders(orders: readonly object[]): Promise<{ saved: number }>;
  priceOrders(orders: readonly object[]): Promise<any[]>;
  close(): void;
}

Logger.overrideLogger(false);

const oldOrder = { orderId: 'a', totalCents: '9007199254740993', status: 'PAID', items: ['ink'], payment: 'card', card: '4242' }; // biome-ignore format: a line
const newOrder = { orderId: 'a', totalCents: 9007199254740993n, status: 1, items: ['ink'], payment: { case: 'card', value: '4242' } }; // biome-ignore format: a line

export const parties: Readonly<Record<'nestjs' | 'grpc-js', Readonly<Record<'before' | 'after', Party>>>> = {
  nestjs: {
    before: {
      order: oldOrder,
      async serve(book) {
        const address = await freeAddress();
        const app = await nestjsBefore.createApp(address, book);
        await app.listen();
        return { address, stop: () => app.close() };
      },
      connect: address => overObservables(nestjsBefore.connectOrders(address)),
    },
    after: {
      order: newOrder,
      serve: book => served(nestjsAfter.serveOrders('http://127.0.0.1:0', book)),
      connect: address => overObservables(nestjsAfter.connectOrders(`http://${address}`)),
    },
  },
  'grpc-js': {
    before: {
      order: oldOrder,
      async serve(book) {
        const { server, port } = await grpcJsBefore.serveOrders('127.0.0.1:0', book);
        return { address: `127.0.0.1:${port}`, stop: async () => server.forceShutdown() };
      },
      connect: address => overPromises(new grpcJsBefore.OrdersClient(address)),
    },
    after: {
      order: newOrder,
      serve: book => served(grpcJsAfter.serveOrders('http://127.0.0.1:0', book)),
      connect: address => overPromises(new grpcJsAfter.OrdersClient(`http://${address}`)),
    },
  },
};

/** NestJS does not report the port it bound. */
export async function freeAddress(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return `127.0.0.1:${port}`;
}

async function served(listening: ReturnType<typeof nestjsAfter.serveOrders>) {
  const server = await listening;
  return { address: `127.0.0.1:${server.port}`, stop: async () => void (await server.shutdown({ graceMs: 0 })) };
}

interface ObservableClient {
  readonly orders: nestjsBefore.OrdersClient | nestjsAfter.OrdersClient;
  close(): void;
}

function overObservables({ orders: client, close }: ObservableClient): PartyClient {
  const orders = client as nestjsBefore.OrdersClient;
  const all = <T>(value$: Observable<T>) => lastValueFrom(value$.pipe(toArray()));
  return {
    getOrder: orderId => lastValueFrom(orders.getOrder({ orderId })),
    watchOrders: (position, n) => all(orders.watchOrders({ from: position }).pipe(take(n))),
    importOrders: values => lastValueFrom(orders.importOrders(from(values as nestjsBefore.Order[]))),
    priceOrders: values => all(orders.priceOrders(from(values as nestjsBefore.Order[]))),
    close,
  };
}

function overPromises(client: grpcJsBefore.OrdersClient | grpcJsAfter.OrdersClient): PartyClient {
  const orders = client as grpcJsBefore.OrdersClient;
  const first = async <T>(n: number, values: AsyncIterable<T>) => {
    const taken: T[] = [];
    for await (const value of values) if (taken.push(value) === n) break;
    return taken;
  };
  return {
    getOrder: orderId => orders.getOrder(orderId),
    watchOrders: (position, n) => first(n, orders.watchOrders(position)),
    importOrders: values => orders.importOrders(values as grpcJsBefore.Order[]),
    priceOrders: values => first(Number.POSITIVE_INFINITY, orders.priceOrders(values as grpcJsBefore.Order[])),
    close: () => orders.close(),
  };
}
