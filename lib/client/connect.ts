import type { ChannelCredentials, Client, ClientOptions } from '@grpc/grpc-js';
import type { ClientOf } from '../core/service.ts';
import { checkBoolean, checkOptions } from '../core/validate.ts';
import { type ClientTls, existingChannel, openChannels } from '../grpc-js/channels.ts';
import type { Channel } from '../grpc-js/connectivity.ts';
import { type ClientKeepalive, withKeepalive } from '../grpc-js/keepalive.ts';
import { warnOfBun } from '../grpc-js/warn-of-bun.ts';
import { type ClientDefaults, clientDefaults, createClient } from './client.ts';

/** The flow options are the defaults of every call. */
export interface ConnectOptions<S = any> extends ClientDefaults<S> {
  /** grpc-js's own credentials, for whatever `tls` does not say. */
  readonly credentials?: ChannelCredentials | undefined;
  /** For `https://`: whom to trust, and who we are. Default: Node's certificates, and nobody. */
  readonly tls?: ClientTls | undefined;
  /** Channel and client options of grpc-js, interceptors among them; they see stream/stream calls of bytes. */
  readonly channelOptions?: ClientOptions | undefined;
  /**
   * Finds out a connection that has died without a word (a machine without power, a forgotten NAT entry): its calls end with
   * UNAVAILABLE. Servers that were told nothing else allow one ping in 5 minutes, and none without a call; with more they close
   * the connection, and its calls end with RESOURCE_EXHAUSTED. Default: no pings; then a call without a deadline may wait for
   * ever. `keepalive: {}` is what every server allows. gRFC A8; GRPC_ARG_KEEPALIVE_TIME_MS and its like in gRPC core.
   */
  readonly keepalive?: ClientKeepalive | undefined;
  /**
   * Whether small requests of a stream that come while a write is under way go into one write. None waits for others, and on the
   * wire they are the messages that they are. Default: true; false for a connection where messages are compressed, their size to
   * send is limited, there are interceptors or channelz is on, and with a version of grpc-js that this was not tested with.
   */
  readonly coalesce?: boolean | undefined;
}

/**
 * The client of a service. Nothing is connected before the first call is subscribed to.
 *
 * A call that its server refuses unseen, as at the end of a connection, begins again by itself, once. Until response headers come,
 * each call keeps its first 64 KiB of requests for that. A client that uses methods with a stream of requests and methods with a
 * single request holds two connections; with `channelOptions: { 'grpc.per_rpc_retry_buffer_size': n }`, which limits what is kept
 * to n bytes, it holds one.
 *
 * @param target `http://host:port` (plaintext), `https://host:port` (TLS), or with credentials any target of grpc-js
 *   (`host:port`, `dns:`, `unix:`, `ipv4:` ...). A Client or Channel of grpc-js is used as it is and stays its owner's to close.
 * @throws TypeError when the service, the target or an option is of the wrong kind, or TLS or not is left open; RangeError for a
 *   keepalive that is too frequent.
 */
export function connect<S extends Readonly<Record<string, any>>>(
  service: S,
  target: string | Client | Channel,
  options: ConnectOptions<NoInfer<S>> = {},
): ClientOf<S> {
  checkOptions('connect', options, [...channelSettings, ...clientDefaults]);
  if (typeof target === 'object') checkForeign(options);
  checkBoolean('connect', 'coalesce', options.coalesce);
  const channelOptions = withKeepalive('connect', options.keepalive, options.channelOptions);
  warnOfBun();
  return createClient('connect', service, options as ConnectOptions, () =>
    typeof target === 'string' ? openChannels(target, { ...options, channelOptions }) : existingChannel(target),
  );
}

const channelSettings = ['credentials', 'tls', 'channelOptions', 'keepalive', 'coalesce'] as const;

/** What an existing channel has already, and nothing can give it any more. */
function checkForeign(options: ConnectOptions): void {
  for (const name of [...channelSettings, 'compression'] as const) {
    if (options[name] === undefined) continue;
    throw new TypeError(
      `connect: ${name} is for a connection that connect() makes; a Client or Channel of grpc-js has its own`,
    );
  }
}
