import type {
  ClientDuplexStream,
  ClientReadableStream,
  ClientWritableStream,
  ServerDuplexStream,
  ServerReadableStream,
  ServerUnaryCall,
  ServerWritableStream,
  sendUnaryData,
} from '@grpc/grpc-js';
import { grpcClient, listen, OWN_CONNECTION } from '../../contenders/grpc-service.ts';
import type { Client, Contender } from '../contender.ts';
import { Check, checkTally, type Order, type Parcel, parcels } from '../parcels.ts';

interface Sink {
  write(parcel: Parcel): boolean;
  once(event: 'drain', then: () => void): unknown;
  end(): unknown;
}

/** grpc-js as its documentation and Node's say, with nothing between: nothing is written before 'drain'. */
export const contender: Contender = {
  serve: () =>
    listen({
      Unary: (call: ServerUnaryCall<Parcel, Parcel>, callback: sendUnaryData<Parcel>) => callback(null, call.request),
      ServerStream: (call: ServerWritableStream<Order, Parcel>) => produce(parcels(call.request), call),
      ClientStream: (call: ServerReadableStream<Parcel, object>, callback: sendUnaryData<object>) => {
        const check = new Check();
        call.on('data', check.take).on('end', () => callback(null, { count: check.count }));
      },
      Bidi: (call: ServerDuplexStream<Parcel, Parcel>) => {
        call.on('data', parcel => {
          if (call.write(parcel)) return;
          call.pause();
          call.once('drain', () => call.resume());
        });
        call.on('end', () => call.end());
      },
    }),

  connect: async (port, hasOwnConnection) => over(grpcClient(port, hasOwnConnection ? OWN_CONNECTION : {})),
};

const over = (client: any): Client => ({
  unary: parcel =>
    new Promise((resolve, reject) => {
      client.unary(parcel, (error: Error | null) => (error === null ? resolve() : reject(error)));
    }),

  serverStream: order => read(client.serverStream(order), order.count),

  clientStream: ({ count, bytes }) =>
    new Promise((resolve, reject) => {
      const call: ClientWritableStream<Parcel> = client.clientStream(
        (error: Error | null, tally: { count: number }) => {
          if (error !== null) return reject(error);
          checkTally(tally, count);
          resolve();
        },
      );
      produce(parcels({ count, bytes }), call);
    }),

  bidi: order => {
    const call: ClientDuplexStream<Parcel, Parcel> = client.bidi();
    produce(parcels(order), call);
    return read(call, order.count);
  },

  pingPong: (order, isBack) => {
    const call: ClientDuplexStream<Parcel, Parcel> = client.bidi();
    const source = parcels(order);
    const send = () => {
      const { done, value } = source.next();
      if (done) call.end();
      else call.write(value);
    };
    call.on('data', () => {
      isBack();
      send();
    });
    send();
    return read(call, order.count);
  },
});

function produce(source: Iterator<Parcel>, to: Sink): void {
  for (;;) {
    const { done, value } = source.next();
    if (done) return void to.end();
    if (!to.write(value)) return void to.once('drain', () => produce(source, to));
  }
}

function read(call: ClientReadableStream<Parcel>, count: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const check = new Check();
    call.on('data', check.take).on('error', reject);
    call.on('status', ({ code }) => {
      if (code === 0) resolve(check.end(count));
    });
  });
}
