import { connect, implement, pull, serve } from 'rx-grpc';
import { concatMap } from 'rx-grpc/operators';
import { Bench } from '../gen/messages.ts';
import type { Order } from '../parcels.ts';
import { overRxjs } from './over-rxjs.ts';

export const contender = overRxjs({
  async listen({ serverStream, clientStream, bidi }) {
    const { port } = await serve(
      'http://127.0.0.1:0',
      implement(Bench, {
        unary: request$ => request$,
        serverStream: request$ => request$.pipe(concatMap((order: Order) => serverStream(order))),
        clientStream,
        bidi,
      }),
    );
    return port;
  },

  async clientOf(port) {
    return connect(Bench, `http://127.0.0.1:${port}`);
  },

  from: pull,
});
