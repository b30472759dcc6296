import { once } from 'node:events';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import {
  credentials,
  loadPackageDefinition,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerOptions,
  type ServerReadableStream,
  type ServerUnaryCall,
  type ServerWritableStream,
  type ServiceError,
  type sendUnaryData,
  status,
} from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import type { OrderBook } from '../order-book.ts';

export interface Order {
  readonly orderId: string;
  readonly totalCents: string;
  readonly status: 'NEW' | 'PAID';
  readonly items: readonly string[];
  readonly payment?: 'card' | 'invoice';
  readonly card?: string;
  readonly invoice?: string;
}

const definition = loadSync(fileURLToPath(new URL('../orders.proto', import.meta.url)), {
  longs: String,
  enums: String,
  defaults: true,
  oneofs: true,
});
export const { Orders } = loadPackageDefinition(definition)['shop'] as any;

export const handlers = (book: OrderBook<Order>) => ({
  getOrder({ request }: ServerUnaryCall<{ orderId: string }, Order>, callback: sendUnaryData<Order>) {
    const order = book.find(request.orderId);
    if (order === undefined) callback({ code: status.NOT_FOUND, details: `no order ${request.orderId}` });
    else callback(null, order);
  },

  async watchOrders(call: ServerWritableStream<{ from: number }, Order>) {
    const gone = new AbortController();
    call.on('cancelled', () => gone.abort());
    try {
      for await (const order of book.since(call.request.from, gone.signal)) {
        if (!call.write(order)) await once(call, 'drain', { signal: gone.signal });
      }
      call.end();
    } catch (error) {
      if (!gone.signal.aborted) call.emit('error', error);
    }
  },

  async importOrders(call: ServerReadableStream<Order, { saved: number }>, callback: sendUnaryData<{ saved: number }>) {
    try {
      const orders: Order[] = [];
      for await (const order of call as AsyncIterable<Order>) {
        if (!book.isComplete(order)) {
          return callback({ code: status.INVALID_ARGUMENT, details: `order ${order.orderId} is incomplete` });
        }
        orders.push(order);
      }
      if (call.cancelled) return;
      await book.save(orders);
      callback(null, { saved: orders.length });
    } catch (error) {
      callback(error as Error);
    }
  },

  priceOrders(call: ServerDuplexStream<Order, { orderId: string; cents: number }>) {
    call.on('data', async (order: Order) => {
      call.pause();
      try {
        const price = { orderId: order.orderId, cents: await book.priceOf(order) };
        if (!call.write(price)) await once(call, 'drain');
        call.resume();
      } catch (error) {
        call.emit('error', error);
      }
    });
    call.on('end', () => call.end());
  },
});

export async function serveOrders(
  address: string,
  book: OrderBook<Order>,
  options: ServerOptions = {},
): Promise<{ server: Server; port: number }> {
  const server = new Server(options);
  server.addService(Orders.service, handlers(book));
  const port = await promisify(server.bindAsync).call(server, address, ServerCredentials.createInsecure());
  return { server, port };
}

export class OrdersClient {
  readonly #client: any;

  constructor(address: string) {
    this.#client = new Orders(address, credentials.createInsecure());
  }

  getOrder(orderId: string): Promise<Order> {
    return new Promise((resolve, reject) => {
      this.#client.getOrder({ orderId }, (error: ServiceError | null, order: Order) =>
        error === null ? resolve(order) : reject(error),
      );
    });
  }

  async *watchOrders(from: number): AsyncGenerator<Order> {
    const call = this.#client.watchOrders({ from });
    call.on('error', () => {}); // the loop throws it; without a listener it ends the process
    try {
      yield* call;
    } finally {
      call.cancel();
    }
  }

  importOrders(orders: Iterable<Order> | AsyncIterable<Order>): Promise<{ saved: number }> {
    return new Promise((resolve, reject) => {
      const call = this.#client.importOrders((error: ServiceError | null, summary: { saved: number }) =>
        error === null ? resolve(summary) : reject(error),
      );
      const source = Readable.from(orders);
      source.on('error', error => {
        reject(error);
        call.cancel();
      });
      source.pipe(call);
    });
  }

  async *priceOrders(
    orders: Iterable<Order> | AsyncIterable<Order>,
  ): AsyncGenerator<{ orderId: string; cents: string }> {
    const call = this.#client.priceOrders();
    const source = Readable.from(orders);
    source.on('error', error => call.destroy(error));
    call.on('error', () => source.destroy());
    source.pipe(call);
    try {
      yield* call;
    } finally {
      source.destroy();
      call.cancel();
    }
  }

  close(): void {
    this.#client.close();
  }
}
