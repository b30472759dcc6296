import { connect, implement, pull, serve } from 'rx-grpc';
import { concatMap } from 'rx-grpc/operators';
import { OWN_CONNECTION } from '../../contenders/grpc-service.ts';
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

  async clientOf(port, hasOwnConnection) {
    return connect(Bench, `http://127.0.0.1:${port}`, hasOwnConnection ? { channelOptions: OWN_CONNECTION } : {});
  },

  from: pull,
});
