import { type ChannelCredentials, Client, type ClientOptions } from '@grpc/grpc-js';
import { isObservable } from 'rxjs';
import { checkFlowOptions, type FlowOptions, flowOptions, mergeFlowOptions } from '../flow-options.ts';
import { LiveCalls } from '../live-calls.ts';
import {
  type CallOptions,
  type ClientOf,
  checkOptions,
  clientMethod,
  kindOf,
  type Method,
  methodsOf,
  type ServerCall,
} from '../rpc.ts';
import { type Connection, call } from './call.ts';
import { checkCallOptions } from './call-options.ts';
import { type Channels, type ClientTls, openChannels } from './channels.ts';

/** The flow options are the defaults of every call. */
export interface ConnectOptions extends FlowOptions {
  /** grpc-js's own credentials, for whatever `tls` does not say. */
  readonly credentials?: ChannelCredentials | undefined;
  /** For `https://`: whom to trust, and who we are. Default: Node's certificates, and nobody. */
  readonly tls?: ClientTls | undefined;
  /** Channel and client options of grpc-js, interceptors among them; they see stream/stream calls of bytes. */
  readonly channelOptions?: ClientOptions | undefined;
}

/** grpc-js exports the class of this name, not the interface. */
type Channel = ReturnType<Client['getChannel']>;

const connections = new WeakMap<object, Connection>();

/**
 * The client of a service. Nothing is connected before the first call is subscribed to.
 *
 * Retries of grpc-js: a call with a stream of requests is repeated by grpc-js only while its requests fit into 4 KiB
 * (grpc-js's own default of 1 MiB would hide from their source that nobody reads them), one with a single request while
 * it fits into 1 MiB. The buffer's size belongs to a channel, so a client that uses methods of both kinds holds two
 * connections; with `channelOptions: { 'grpc.per_rpc_retry_buffer_size': n }` it is n for all, and one connection.
 *
 * @param target `http://host:port` (plaintext), `https://host:port` (TLS), or with credentials any target of grpc-js
 *   (`host:port`, `dns:`, `unix:`, `ipv4:` ...). A Client or Channel of grpc-js is used as it is and stays its owner's to close.
 * @throws TypeError when the service, the target or an option is of the wrong kind, or TLS or not is left open.
 */
export function connect<S extends Readonly<Record<string, any>>>(
  service: S,
  target: string | Client | Channel,
  options: ConnectOptions = {},
): ClientOf<S> {
  checkOptions('connect', options, ['credentials', 'tls', 'channelOptions', ...flowOptions]);
  checkFlowOptions('connect', options);
  const methods = methodsOf(service);
  const channels = typeof target === 'string' ? openChannels(target, options) : existing(target);
  const connection: Connection = { channels, live: new LiveCalls(), isClosed: false };
  const client: Record<string | symbol, unknown> = {
    [Symbol.dispose]: () => closeConnection(connection),
    [Symbol.asyncDispose]: async () => closeConnection(connection),
  };
  for (const [name, method] of methods) client[name] = rpc(connection, method, name, options);
  connections.set(client, connection);
  connection.live.belongTo(client);
  return client as ClientOf<S>;
}

/**
 * Ends the calls of a client with CANCELLED and closes its connections. A grpc-js Client or Channel that was handed to
 * connect() stays open. Closing twice does nothing.
 *
 * @throws TypeError when this is no client of connect().
 */
export function close(client: object): void {
  const connection = connections.get(client);
  if (connection === undefined)
    throw new TypeError(`close: expected a client made by connect(), got ${kindOf(client)}`);
  closeConnection(connection);
}

function closeConnection(connection: Connection): void {
  if (connection.isClosed) return;
  connection.isClosed = true;
  connection.live.cutAll(() => 'the client was closed');
  connection.channels.close();
}

function existing(target: Client | Channel): Channels {
  if (typeof (target as Client | null)?.makeBidiStreamRequest === 'function') {
    return { for: () => target as Client, close: () => {} };
  }
  if (typeof (target as Channel | null)?.createCall === 'function') {
    // Address and credentials are not looked at when there is a channel.
    const client = new Client('', null as unknown as ChannelCredentials, { channelOverride: target as Channel });
    return { for: () => client, close: () => {} };
  }
  throw new TypeError(`connect: expected an address, or a Client or Channel of grpc-js, got ${kindOf(target)}`);
}

function rpc(connection: Connection, method: Method, name: string, defaults: FlowOptions) {
  const start = (request: unknown, given: CallOptions | ServerCall = {}) => {
    if (method.requestStream && !isObservable(request)) {
      throw new TypeError(
        `${name}: expected an Observable of requests, got ${kindOf(request)}; iterables and streams go through pull()`,
      );
    }
    const options = checkCallOptions(name, given);
    return call(connection, method, request, { ...options, ...mergeFlowOptions(options, defaults) });
  };
  return Object.defineProperty(start, clientMethod, { value: true });
}
