import type * as RxGrpc from 'rx-grpc';
import type * as Operators from 'rx-grpc/operators';
import { Bench } from '../gen/messages.ts';
import type { Order } from '../parcels.ts';
import { overRxjs } from './over-rxjs.ts';

/** Another build can stand in, to be compared with. */
const build = process.env['RX_GRPC_BUILD'];
const { connect, implement, pull, serve }: typeof RxGrpc = await import(build ? `${build}/index.js` : 'rx-grpc');
const { concatMap }: typeof Operators = await import(build ? `${build}/operators.js` : 'rx-grpc/operators');

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
