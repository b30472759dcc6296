import type { Observable } from 'rxjs';
import {
  type Bound,
  type CallOptions,
  type ClientDefaults,
  type ClientOf,
  type ConnectOptions,
  close,
  connect,
  type Implementation,
  type ImplementOptions,
  implement,
  inspect,
  loopback,
  type ServeOptions,
  type Server,
  type ServerCall,
  serve,
} from '../../lib/index.ts';
import { serverBehind } from '../../lib/loopback/loopback.ts';
import type { ServerDefaults } from '../../lib/server/serve.ts';
import { Lab, type Note, type Shape } from './lab.ts';
import { settled } from './settled.ts';

export type LabClient = ClientOf<typeof Lab>;
export type LabImplementation = Partial<Implementation<typeof Lab>>;
export type LabHandler = (request$: Observable<Note>, call: ServerCall) => any;

export interface Running<S = Server> {
  readonly server: S;
  readonly client: LabClient;
  /** The errors passed to onError. */
  readonly hidden: unknown[];
}

export interface Bench<S = Server, ToServe = ServeOptions, ToConnect = ConnectOptions> {
  /** Starts a server of the lab service and a client of it, over the wire on a free port. `service` is for implement(). */
  run(
    implementation: LabImplementation,
    options?: ToServe & { readonly service?: ImplementOptions },
    connectOptions?: ToConnect,
  ): Promise<Running<S>>;
  /** Creates another client. */
  connect(server: S, options?: ToConnect): LabClient;
  /** Closes something at the end of the spec. */
  onEnd(close: () => unknown): void;
}

/** A server on any transport, which `inspect` accepts. */
export interface AnyServer {
  /** Resolves when its calls have ended. */
  shutdown(): Promise<unknown>;
}

/** What the specs of calls receive; it hides the transport of the calls. */
export type AnyBench = Bench<AnyServer, ServerDefaults, ClientDefaults>;

const transports = ['over the wire', 'in process', 'in process, not serialized'] as const;

export type TransportName = (typeof transports)[number];

/** A `describe` for each transport: a socket, and loopback() with and without serialization. */
export function overEachTransport(title: string, specs: (bench: AnyBench, transport: TransportName) => void): void {
  overTransports(transports, title, specs);
}

/** Like {@link overEachTransport}, for specs that depend on the bytes of messages. */
export function overTransportsOfBytes(title: string, specs: (bench: AnyBench, transport: TransportName) => void): void {
  overTransports(transports.slice(0, 2), title, specs);
}

function overTransports(
  over: readonly TransportName[],
  title: string,
  specs: (bench: AnyBench, transport: TransportName) => void,
): void {
  for (const transport of over) {
    describe(`${title} (${transport})`, () => {
      const bench = transport === 'over the wire' ? useBench() : useLoopback(transport === 'in process');
      specs(bench as unknown as AnyBench, transport);
    });
  }
}

/** For a `describe` over sockets: servers and clients that are closed after each of its specs, and by nothing else. */
export function useBench(): Bench {
  const onEnd = useEnd();
  const bench: Bench = {
    async run(implementation, { service, ...options } = {}, connectOptions) {
      const hidden: unknown[] = [];
      const server = await serve('http://127.0.0.1:0', implement.partial(Lab, implementation, service), {
        onError: error => hidden.push(error),
        ...options,
      });
      onEnd(() => server.shutdown({ graceMs: 0 }));
      return { server, client: bench.connect(server, connectOptions), hidden };
    },
    connect(server, options) {
      const client = connect(Lab, server.target, options);
      onEnd(() => close(client));
      return client;
    },
    onEnd,
  };
  return bench;
}

/** The same over loopback(). */
function useLoopback(serialize: boolean): AnyBench {
  const onEnd = useEnd();
  const settings = new WeakMap<AnyServer, { bound: Bound<typeof Lab>; server: ServerDefaults }>();
  const open = (bound: Bound<typeof Lab>, server: ServerDefaults, options?: ClientDefaults): LabClient => {
    const client = loopback(bound, { ...options, server, serialize });
    onEnd(() => close(client));
    return client;
  };
  return {
    async run(implementation, { service, ...options } = {}, connectOptions) {
      const hidden: unknown[] = [];
      const bound = implement.partial(Lab, implementation, service);
      const defaults = { onError: (error: unknown) => hidden.push(error), ...options };
      const client = open(bound, defaults, connectOptions);
      const behind = serverBehind(client)!;
      const shutdown = () => settled(() => inspect(behind).calls.length);
      const server: AnyServer = Object.assign(behind, { shutdown });
      settings.set(server, { bound, server: defaults });
      return { server, client, hidden };
    },
    connect(of, options) {
      const { bound, server } = settings.get(of)!;
      return open(bound, server, options);
    },
    onEnd,
  };
}

/** Closes everything that was opened in a spec of a `describe`, after that spec. */
function useEnd(): (close: () => unknown) => void {
  const toClose: (() => unknown)[] = [];
  afterEach(async () => {
    for (const end of toClose.splice(0).reverse()) await end();
  });
  return close => toClose.push(close);
}

/** The same handler for one shape, or for all of them. */
export function inAllShapes(handler: LabHandler): LabImplementation {
  return { unary: handler, serverStream: handler, clientStream: handler, bidi: handler };
}

/** A call of any shape: all of them accept an Observable. */
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
