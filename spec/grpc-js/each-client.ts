import { Client, credentials, InterceptingCall } from '@grpc/grpc-js';
import { type ClientMiddleware, connect } from '../../lib/index.ts';
import type { LabClient } from '../support/bench.ts';
import { Lab } from '../support/lab.ts';
import type { RawPeer } from './raw-peer.ts';

/** An option that puts all shapes on one channel, and so on one connection. */
const ONE_CONNECTION = { 'grpc.per_rpc_retry_buffer_size': 4096 };

/** All ways into grpc-js: the direct call, with and without middleware, the call with interceptors, and an unpatched Client. */
export const clients = {
  'connect()': ({ target }) => connect(Lab, target, { channelOptions: ONE_CONNECTION }),
  'connect() with interceptors': ({ target }) => {
    const interceptors = [(options: any, next: any) => new InterceptingCall(next(options))];
    return connect(Lab, target, { channelOptions: { ...ONE_CONNECTION, interceptors } });
  },
  'connect() with middleware': ({ target }) => {
    const middleware: ClientMiddleware[] = [rpc => (request$, call) => rpc(request$, call)];
    return connect(Lab, target, { channelOptions: ONE_CONNECTION, middleware });
  },
  'a Client of grpc-js': ({ target }, onEnd) => {
    const client = new Client(target.replace('http://', ''), credentials.createInsecure(), ONE_CONNECTION);
    onEnd(() => client.close());
    return connect(Lab, client);
  },
} as const satisfies Record<string, (peer: RawPeer, onEnd: (close: () => unknown) => void) => LabClient>;

export type ClientKind = keyof typeof clients;
