import type { Observable } from 'rxjs';
import { close } from '../../lib/client/client.ts';
import { type ConnectOptions, connect } from '../../lib/client/connect.ts';
import type { CallOptions, ClientOf, Implementation } from '../../lib/rpc.ts';
import { implement } from '../../lib/server/implement.ts';
import { type ServeOptions, type Server, serve } from '../../lib/server/serve.ts';
import type { ServerCall } from '../../lib/server-call.ts';
import { Lab, type Note, type Shape } from './lab.ts';

export type LabClient = ClientOf<typeof Lab>;
export type LabImplementation = Partial<Implementation<typeof Lab>>;
export type LabHandler = (request$: Observable<Note>, call: ServerCall) => any;

export interface Running {
  readonly server: Server;
  readonly client: LabClient;
  /** What onError was told. */
  readonly hidden: unknown[];
}

export interface Bench {
  /** A server of the lab on a free port and a client of it. */
  run(implementation: LabImplementation, options?: ServeOptions, connectOptions?: ConnectOptions): Promise<Running>;
  /** Another client. */
  connect(server: Server, options?: ConnectOptions): LabClient;
  /** Closes something at the end of the spec. */
  onEnd(close: () => unknown): void;
}

/** For a `describe`: servers and clients that are closed after each spec of it, by nobody else. */
export function useBench(): Bench {
  const toClose: (() => unknown)[] = [];
  afterEach(async () => {
    for (const end of toClose.splice(0).reverse()) await end();
  });
  const bench: Bench = {
    async run(implementation, options, connectOptions) {
      const hidden: unknown[] = [];
      const server = await serve('http://127.0.0.1:0', implement.partial(Lab, implementation), {
        onError: error => hidden.push(error),
        ...options,
      });
      toClose.push(() => server.shutdown({ graceMs: 0 }));
      return { server, client: bench.connect(server, connectOptions), hidden };
    },
    connect(server, options) {
      const client = connect(Lab, server.target, options);
      toClose.push(() => close(client));
      return client;
    },
    onEnd: end => toClose.push(end),
  };
  return bench;
}

/** The same handler for a shape, or for all of them. */
export function inAllShapes(handler: LabHandler): LabImplementation {
  return { unary: handler, serverStream: handler, clientStream: handler, bidi: handler };
}

/** A call of any shape: all of them take an Observable. */
export function callOf(
  client: LabClient,
  shape: Shape,
  request$: Observable<Note>,
  options?: CallOptions | ServerCall,
): Observable<Note> {
  return (client[shape] as LabRpc)(request$, options);
}

type LabRpc = (request$: Observable<Note>, options?: CallOptions | ServerCall) => Observable<Note>;

export const streaming = (shape: Shape): { readonly requests: boolean; readonly responses: boolean } => ({
  requests: Lab[shape].requestStream,
  responses: Lab[shape].responseStream,
});
