import { AsyncResource } from 'node:async_hooks';
import {
  ChannelCredentials,
  Client,
  type ClientOptions,
  compressionAlgorithms,
  credentials as grpcCredentials,
  connectivityState as grpcState,
} from '@grpc/grpc-js';
import type { ClientListener } from '../call/message-channel.ts';
import type { Transport } from '../call/transport.ts';
import { outsideContext } from '../core/async-context.ts';
import type { Compression } from '../core/call-options.ts';
import { RpcError } from '../core/rpc-error.ts';
import { Code } from '../core/status.ts';
import { kindOf } from '../core/validate.ts';
import { parseAddress } from './address.ts';
import { adjustGrpcJs, isPatched } from './adjust.ts';
import { ADJUSTED } from './adjusted.ts';
import { mayBatch } from './batch.ts';
import { type GrpcCallOptions, GrpcClientChannel } from './client-channel.ts';
import { ClientStreamChannel } from './client-stream-channel.ts';
import { type Channel, Connectivity } from './connectivity.ts';
import { mayJoin } from './join.ts';
import { noIpServerName } from './no-ip-server-name.ts';
import { RETRY_BUFFER_BYTES, repeatsRefused } from './repeats-refused.ts';
import { ShortCalls } from './short-calls.ts';
import { checkTls } from './tls-options.ts';

/**
 * The retry buffer of calls with a stream of requests where grpc-js is not patched (repeats-refused.ts); grpc-js's default is 1 MiB.
 *
 * Unpatched, grpc-js acknowledges a write as soon as it is in this buffer, so a large one hides for 1 MiB that nobody reads; and its
 * bookkeeping is quadratic in the messages held. It does not repeat a request that does not fit.
 */
const UNPATCHED_RETRY_BUFFER_BYTES = 4 * 1024;
/**
 * How much a server may send of one call, and of all of a channel, before it hears that this client has read. HTTP/2's own 64 KiB come
 * in one read, and the server waits while it is worked on; with three times as much it sends meanwhile. Of an echo it would only run
 * further ahead: there it is a little more than 64 KiB, so that a message of that size need not wait for room for its last bytes.
 */
const WINDOW_BYTES = 192 * 1024;
const STREAM_WINDOW_BYTES = 65 * 1024;
const WINDOW = 'grpc-node.flow_control_window';
/** Its statistics would cost a tenth of each call, and are there for who asks for them. */
const CHANNELZ = 'grpc.enable_channelz';
const RETRY_BUFFER = 'grpc.per_rpc_retry_buffer_size';
const COMPRESSION = 'grpc.default_compression_algorithm';

/** PEM texts, or their bytes; the file's content and not its path. A key that is encrypted is refused. */
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
  readonly compression?: Compression | undefined;
  readonly coalesce?: boolean | undefined;
}

interface OpenChannel {
  readonly client: Client;
  readonly channel: Channel;
  readonly callOptions: GrpcCallOptions;
}

/**
 * One grpc-js Client for methods with a single request and one for methods with a stream of requests, each made when it is needed,
 * because grpc-js knows the size of the retry buffer and the window for a whole channel only; one for all if the size of the buffer
 * is given. The same holds for each compression in use.
 */
export function openChannels(address: string, settings: ChannelSettings): Transport {
  adjustGrpcJs();
  const { target, tls } = parseAddress(address);
  const { channelOptions = {} } = settings;
  const given = credentialsFor(address, tls, settings);
  const isPlaintext = given.constructor === grpcCredentials.createInsecure().constructor;
  const credentials = isPlaintext ? given : noIpServerName(given);
  const defaultCompression = settings.compression ?? (COMPRESSION in channelOptions ? undefined : 'identity');
  const hasInterceptors = Boolean(channelOptions.interceptors?.length || channelOptions.interceptor_providers?.length);
  const isJoining = (settings.coalesce ?? true) && mayJoin({ [CHANNELZ]: 0, ...channelOptions });
  const isBatching = !hasInterceptors && mayBatch({ [CHANNELZ]: 0, ...channelOptions }, target);
  const isRepeating = isPatched(repeatsRefused, channelOptions);
  const channels = {
    forStreams: new Map<Compression | undefined, OpenChannel>(),
    forSingle: new Map<Compression | undefined, OpenChannel>(),
  };
  const connectivity = new Connectivity();

  const channelFor = (hasRequestStream: boolean, compression = defaultCompression): OpenChannel => {
    const isForStreams = hasRequestStream && !(RETRY_BUFFER in channelOptions);
    const byCompression = isForStreams ? channels.forStreams : channels.forSingle;
    let open = byCompression.get(compression);
    if (open === undefined) {
      const options = {
        [ADJUSTED]: 1,
        [CHANNELZ]: 0,
        [WINDOW]: isForStreams ? STREAM_WINDOW_BYTES : WINDOW_BYTES,
        ...(isRepeating
          ? { [RETRY_BUFFER]: RETRY_BUFFER_BYTES }
          : isForStreams && { [RETRY_BUFFER]: UNPATCHED_RETRY_BUFFER_BYTES }),
        ...channelOptions,
        ...(compression !== undefined && { [COMPRESSION]: compressionAlgorithms[compression] }),
      };
      const client = new Client(target, credentials, options);
      const channel = client.getChannel();
      const isPlain = compression === 'identity';
      const isShort = isPlain && !hasInterceptors;
      const shortCalls = isShort ? ShortCalls.of(channel, options, target) : undefined;
      open = { client, channel, callOptions: { isJoining: isPlain && isJoining, isBatching, shortCalls } };
      byCompression.set(compression, open);
      connectivity.add(channel);
    }
    return open;
  };

  return {
    open: (method, options, listener) => {
      if (options.credentials !== undefined && isPlaintext) throw plaintextRefused();
      const { client, channel, callOptions } = channelFor(method.requestStream, options.compression);
      connectOutsideContext(channel);
      if (hasInterceptors) return new ClientStreamChannel(client, method, options, listener);
      return new GrpcClientChannel(channel, method, options, listener, callOptions);
    },
    state$: connectivity.state$,
    connect: () => connectOutsideContext(channelFor(false).channel),
    close: () => {
      for (const opened of [channels.forStreams, channels.forSingle]) {
        for (const { client } of opened.values()) closeForGood(client);
      }
      connectivity.shutDown();
    },
  };
}

/**
 * grpc-js resolves an IP address a turn later, and connects then even if its channel was closed meanwhile: it tries again for ever, and
 * while its address is refused, another client of that address fails at once with "Last error: null". Closing once more ends that.
 */
function closeForGood(client: Client): void {
  client.close();
  setImmediate(() => client.close());
}

/** A Client or Channel of grpc-js that is somebody else's. */
export function existingChannel(target: Client | Channel): Transport {
  const client = clientOver(target);
  const connectivity = new Connectivity();
  connectivity.add(client.getChannel());
  return {
    open: (method, options, listener) => {
      if (options.compression !== undefined) {
        throw new TypeError(
          `compression belongs to a channel, and this one is not connect()'s: give its owner's '${COMPRESSION}'`,
        );
      }
      return new ClientStreamChannel(client, method, options, inThisContext(listener));
    },
    state$: connectivity.state$,
    connect: () => void client.getChannel().getConnectivityState(true),
    close: () => connectivity.shutDown(),
  };
}

/** Calls a listener in the async context of now. Its owner may have made the connection, and with it grpc-js's callbacks, in any. */
function inThisContext(listener: ClientListener): ClientListener {
  const context = new AsyncResource('rx-grpc');
  return {
    onHeaders: headers => context.runInAsyncScope(() => listener.onHeaders(headers)),
    onMessages: () => context.runInAsyncScope(() => listener.onMessages()),
    onEnd: status => context.runInAsyncScope(() => listener.onEnd(status)),
    onStreamWait: isWaiting => context.runInAsyncScope(() => listener.onStreamWait(isWaiting)),
  };
}

function clientOver(target: Client | Channel): Client {
  if (typeof (target as Client | null)?.makeBidiStreamRequest === 'function') return target as Client;
  if (typeof (target as Channel | null)?.createCall === 'function') {
    // Address and credentials are not looked at when there is a channel.
    return new Client('', null as unknown as ChannelCredentials, { channelOverride: target as Channel });
  }
  throw new TypeError(`connect: expected an address, or a Client or Channel of grpc-js, got ${kindOf(target)}`);
}

/** Else the first call would lend the connection its async context, and grpc-js would call back there for all others. */
function connectOutsideContext(channel: Channel): void {
  if (channel.getConnectivityState(false) === grpcState.IDLE) {
    outsideContext(() => channel.getConnectivityState(true));
  }
}

/** grpc-js would send them. */
function plaintextRefused(): RpcError {
  return new RpcError(
    Code.UNAUTHENTICATED,
    'call credentials are not sent over a plaintext connection, where anybody can read them: use https://',
  );
}

function credentialsFor(address: string, isTls: boolean | undefined, settings: ChannelSettings): ChannelCredentials {
  const { credentials, tls } = settings;
  if (credentials !== undefined) {
    if (tls !== undefined) throw new TypeError('connect: give credentials or tls, not both');
    // grpc-js itself takes those of its own copy alone.
    if (!(credentials instanceof ChannelCredentials)) {
      throw new TypeError(
        `connect: expected credentials to be ChannelCredentials of the grpc-js that this library uses, got ${kindOf(credentials)}`,
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
  if (isTls === true || tls !== undefined) {
    checkTls('connect', tls ?? {});
    return grpcCredentials.createSsl(pem(tls?.ca), pem(tls?.key), pem(tls?.cert));
  }
  throw new TypeError(
    `connect: '${address}' does not say whether to use TLS: write http:// (plaintext) or https:// before it, ` +
      'or give credentials',
  );
}

function pem(text: string | Uint8Array | undefined): Buffer | null {
  if (text === undefined) return null;
  return typeof text === 'string' ? Buffer.from(text) : Buffer.from(text.buffer, text.byteOffset, text.byteLength);
}
