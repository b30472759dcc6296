import { type ChannelCredentials, Client, type ClientOptions, credentials as grpcCredentials } from '@grpc/grpc-js';
import { parseAddress } from '../address.ts';
import { kindOf, type Method } from '../rpc.ts';

/**
 * The retry buffer of calls with a stream of requests: 4 KiB instead of grpc-js's 1 MiB.
 *
 * grpc-js acknowledges a write as soon as it is in this buffer, so a large one hides for 1 MiB that nobody reads; and its
 * bookkeeping is quadratic in the messages held. A request that does not fit is not sent a second time by grpc-js when a
 * connection fails under it. Calls with a single request keep grpc-js's default.
 */
const STREAM_RETRY_BUFFER_BYTES = 4 * 1024;
const RETRY_BUFFER = 'grpc.per_rpc_retry_buffer_size';

/** PEM texts, or their bytes. */
export interface ClientTls {
  /** Certificates to trust. Default: those of Node. */
  readonly ca?: string | Uint8Array | undefined;
  /** The client's own key and certificate chain, for a server that asks for them. */
  readonly key?: string | Uint8Array | undefined;
  readonly cert?: string | Uint8Array | undefined;
}

export interface ChannelSettings {
  readonly credentials?: ChannelCredentials | undefined;
  readonly tls?: ClientTls | undefined;
  readonly channelOptions?: ClientOptions | undefined;
}

/** The connections of one client. */
export interface Channels {
  /** The grpc-js Client for the calls of a method, made when first asked for. */
  for(method: Method): Client;
  /** Closes what was opened here. */
  close(): void;
}

/**
 * One grpc-js Client for methods with a single request and one for methods with a stream of requests, each made when it
 * is needed, because the size of the retry buffer holds for a whole channel. One for all if the size is given.
 */
export function openChannels(address: string, settings: ChannelSettings): Channels {
  const { target, tls } = parseAddress(address);
  const { channelOptions = {} } = settings;
  const credentials = credentialsFor(address, tls, settings);
  let single: Client | undefined;
  let stream: Client | undefined;
  const open = (options: ClientOptions) => new Client(target, credentials, options);
  return {
    for: method => {
      if (!method.requestStream || RETRY_BUFFER in channelOptions) return (single ??= open(channelOptions));
      return (stream ??= open({ [RETRY_BUFFER]: STREAM_RETRY_BUFFER_BYTES, ...channelOptions }));
    },
    close: () => {
      single?.close();
      stream?.close();
    },
  };
}

function credentialsFor(address: string, isTls: boolean | undefined, settings: ChannelSettings): ChannelCredentials {
  const { credentials, tls } = settings;
  if (credentials !== undefined) {
    if (tls !== undefined) throw new TypeError('connect: give credentials or tls, not both');
    if (typeof credentials !== 'object' || credentials === null) {
      throw new TypeError(
        `connect: expected credentials to be ChannelCredentials of grpc-js, got ${kindOf(credentials)}`,
      );
    }
    if (isTls === false) {
      throw new TypeError(`connect: '${address}' says plaintext; with credentials give https:// or a bare host:port`);
    }
    return credentials;
  }
  if (isTls === false && tls !== undefined) {
    throw new TypeError(`connect: '${address}' says plaintext; with tls give https://`);
  }
  if (isTls === false) return grpcCredentials.createInsecure();
  if (isTls === true || tls !== undefined)
    return grpcCredentials.createSsl(pem(tls?.ca), pem(tls?.key), pem(tls?.cert));
  throw new TypeError(
    `connect: '${address}' does not say whether to use TLS: write http:// (plaintext) or https:// before it, ` +
      'or give credentials',
  );
}

function pem(text: string | Uint8Array | undefined): Buffer | null {
  if (text === undefined) return null;
  return typeof text === 'string' ? Buffer.from(text) : Buffer.from(text.buffer, text.byteOffset, text.byteLength);
}
