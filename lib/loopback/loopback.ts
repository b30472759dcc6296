import type { CallCredentials, Metadata, UntypedServiceImplementation } from '@grpc/grpc-js';
import { BehaviorSubject, NEVER, type Observable, takeWhile } from 'rxjs';
import { type ClientDefaults, clientDefaults, createClient } from '../client/client.ts';
import type { ConnectivityState, Transport } from '../client/transport.ts';
import { type ClientOf, checkOptions, kindOf, type Method, methodsOf } from '../rpc.ts';
import { type Bound, implementationFor } from '../server/implement.ts';
import { hooksOf, type ServerDefaults, serverDefaults } from '../server/serve.ts';
import { Code, isRpcError } from '../status.ts';
import { LoopCall } from './loop-call.ts';
import { soon } from './soon.ts';
import { unserialized } from './unserialized.ts';

/** The options of a client stand at the top, those of its server in `server`. */
export interface LoopbackOptions<S = any> extends ClientDefaults<S> {
  readonly server?: ServerDefaults | undefined;
  /**
   * Whether messages become bytes and are read again, as over the wire. Without it a message is handed over as it is: faster,
   * but what is absent stays absent, and both sides hold the same object. Default: true.
   */
  readonly serialize?: boolean | undefined;
  /** What `call.draining$` is on the server. Default: it never shuts down. */
  readonly draining$?: Observable<void> | undefined;
}

/**
 * A client of a service in this process, without a socket. What is promised of calls holds here as over the wire: order,
 * backpressure, deadlines, cancellation, metadata, statuses, middleware; compression, `host` and the limit of a message's
 * size have no meaning. Each side hears of the other when that has returned, in microtasks, and in a TestScheduler's `run` in
 * virtual time, where handlers that use promises have no place.
 *
 * What is buffered: 16 messages in each direction, beside the 12 or 64 KiB that every call has in flight.
 *
 * @param service what implement() gave.
 * @throws TypeError, RangeError when an argument is of the wrong kind.
 */
export function loopback<S>(service: Bound<S>, options: LoopbackOptions<NoInfer<S>> = {}): ClientOf<S> {
  checkOptions('loopback', options, ['server', 'serialize', 'draining$', ...clientDefaults]);
  const { server = {}, serialize = true, draining$ = NEVER } = options;
  checkOptions('loopback', server, serverDefaults);
  if (typeof serialize !== 'boolean') {
    throw new TypeError(`loopback: expected serialize to be true or false, got ${kindOf(serialize)}`);
  }
  if (service?.service === undefined) {
    throw new TypeError(`loopback: expected what implement() gives, got ${kindOf(service)}`);
  }
  const codecOf = serialize ? (method: Method) => method : unserialized;
  const hooks = { ...hooksOf('loopback', server, draining$), inProcess: { codecOf } };
  const methods = methodsOf(service.service as object).map(([name, method]) => [name, codecOf(method)] as const);
  return createClient('loopback', Object.fromEntries(methods) as S, options, () =>
    transportTo(byPath(service, implementationFor(service, hooks))),
  );
}

type Start = (stream: unknown) => void;

function byPath({ definition }: Bound, implementation: UntypedServiceImplementation): ReadonlyMap<string, Start> {
  return new Map(
    Object.entries(definition).map(([name, { path }]) => [path, implementation[name] as unknown as Start]),
  );
}

function transportTo(starts: ReadonlyMap<string, Start | undefined>): Transport {
  const state$ = new BehaviorSubject<ConnectivityState>('READY');
  return {
    open: ({ path }, { metadata, deadline, credentials }) => {
      const call = new LoopCall(metadata, deadline);
      const start = starts.get(path);
      const begin = (): void => {
        if (call.status !== undefined) return;
        if (start !== undefined) start(call.server);
        else call.cut(Code.UNIMPLEMENTED, `The server does not implement the method ${path}`);
      };
      soon(() => {
        if (credentials === undefined) begin();
        else addCredentials(metadata, credentials, path).then(begin, error => refuse(call, error));
      });
      return call.client;
    },
    state$: state$.pipe(takeWhile(state => state !== 'SHUTDOWN', true)),
    connect: () => {},
    close: () => state$.next('SHUTDOWN'),
  };
}

async function addCredentials(metadata: Metadata, credentials: CallCredentials, path: string): Promise<void> {
  const slash = path.lastIndexOf('/');
  const service = { method_name: path.slice(slash + 1), service_url: `https://in-process${path.slice(0, slash)}` };
  metadata.merge(await credentials.generateMetadata(service));
}

/** With the code and the text that grpc-js gives it. */
function refuse(call: LoopCall, error: Error & { readonly code?: unknown }): void {
  const code = isRpcError(error) ? error.code : Code.UNKNOWN;
  call.cut(code, `Getting metadata from plugin failed with error: ${error.message}`);
}
