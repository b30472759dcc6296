import type { ClientHttp2Session, ClientHttp2Stream, IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import { Client, type Metadata, Server, type StatusObject } from '@grpc/grpc-js';
// Static imports, so that a bundler puts these files into the bundle together with the rest of grpc-js.
import * as client from '@grpc/grpc-js/build/src/client.js';
import * as compressionFilter from '@grpc/grpc-js/build/src/compression-filter.js';
import * as internalChannel from '@grpc/grpc-js/build/src/internal-channel.js';
import * as loadBalancingCall from '@grpc/grpc-js/build/src/load-balancing-call.js';
import * as retryingCall from '@grpc/grpc-js/build/src/retrying-call.js';
import * as serverInterceptors from '@grpc/grpc-js/build/src/server-interceptors.js';
import * as subchannel from '@grpc/grpc-js/build/src/subchannel.js';
import * as subchannelCall from '@grpc/grpc-js/build/src/subchannel-call.js';
import * as transport from '@grpc/grpc-js/build/src/transport.js';
import type {
  PrivateChannel,
  PrivateCompressionFilter,
  PrivateFilterFactory,
  PrivateLoadBalancingCall,
  PrivateRetryingCall,
  SubchannelCall,
} from './private-channel.ts';

interface HasOptions {
  getOptions(): Readonly<Record<string, unknown>>;
}

/** A part of a channel, which knows the channel's options. */
export interface OfChannel {
  readonly transport: HasOptions;
}

/** A client's call on its HTTP/2 stream, `subchannel-call.js`: the members that the patches use. */
export interface PrivateClientCall extends OfChannel, SubchannelCall {
  readonly http2Stream: ClientHttp2Stream;
  decoder: PrivateDecoder;
  /** The status of an ended call, even if the listener has not received it yet. */
  finalStatus: StatusObject | null;
  /** The server has sent trailers, or closed the stream. */
  readonly serverEndedCall: boolean;
  /** The HTTP/2 stream has ended, so no more data arrives. */
  readsClosed: boolean;
  /** Messages that were received and not yet requested by the listener. */
  readonly unpushedReadMessages: Buffer[];
  /** A message is about to be passed to the listener. */
  readonly isPushPending: boolean;
  /** The listener has requested a message. */
  canPush: boolean;
  push(message: Buffer): void;
  endCall(status: StatusObject): void;
  maybeOutputStatus(): void;
  outputStatus(): void;
  handleTrailers(trailers: IncomingHttpHeaders): void;
  destroyHttp2Stream(): void;
}

/** A client's connection to one address, `subchannel.js`. */
export interface PrivateSubchannel {
  /** Null while there is no connection. */
  readonly transport: PrivateTransport | null;
  createCall(...args: unknown[]): unknown;
}

export type CreateCallArguments = [
  metadata: Metadata,
  host: string,
  method: string,
  listener: { onReceiveStatus(status: StatusObject & { readonly rstCode?: number }): void },
  callNumber: number,
];

/** A client's HTTP/2 connection, `transport.js`. grpc-js does not export its class: see {@link isWholeTransport}. */
export interface PrivateTransport extends HasOptions {
  readonly session: ClientHttp2Session;
  /** Reports that the connection is lost. */
  handleDisconnect?(): void;
}

/** A {@link PrivateTransport} with the members that patches of a whole connection use. */
export interface WholeTransport extends PrivateTransport {
  /** Calls that have not ended. While there are any, the connection keeps the process alive. */
  readonly activeCalls: ReadonlySet<unknown>;
  /** Stops new calls on this connection. Running calls continue. */
  reportDisconnectToOwner(tooManyPings: boolean): void;
  addDisconnectListener(listener: () => void): void;
  addActiveCall(call: { onDisconnect(): void }): void;
  removeActiveCall(call: unknown): void;
  getPeerName(): string;
  getAuthContext(): object;
  /** Ends the connection as soon as its streams have ended. */
  shutdown(): void;
}

const transportMethods: readonly (keyof WholeTransport)[] = [
  'reportDisconnectToOwner',
  'addDisconnectListener',
  'addActiveCall',
  'removeActiveCall',
  'getPeerName',
  'getAuthContext',
  'shutdown',
];

/** Whether a connection has all members that this library uses. */
export function isWholeTransport(transport: PrivateTransport): transport is WholeTransport {
  const { session, activeCalls } = transport as WholeTransport;
  if (session === undefined || !(activeCalls instanceof Set)) return false;
  return transportMethods.every(name => typeof (transport as WholeTransport)[name] === 'function');
}

/** Creates the connections of a subchannel, `transport.js`. */
export interface PrivateConnector {
  /** The session that is being set up; null before and after. */
  readonly session: ClientHttp2Session | null;
  createSession(
    connected: object,
    address: object,
    options: Readonly<Record<string, unknown>>,
  ): Promise<PrivateTransport>;
}

/** A server's call on its HTTP/2 stream, `server-interceptors.js`. */
export interface PrivateServerCall {
  readonly stream: ServerHttp2Stream;
  decoder: PrivateDecoder;
  readonly handler: { serialize?(message: unknown): unknown; deserialize(bytes: Buffer): unknown };
  readonly readQueue: { type: 'READABLE'; compressedMessage: null; parsedMessage: unknown }[];
  /** Milliseconds since the epoch; Infinity when there is none. */
  deadline: number;
  deadlineTimer: NodeJS.Timeout | null;
  /** The status waits for earlier messages to be sent. */
  readonly wantTrailers: boolean;
  readonly receivedHalfClose: boolean;
  start(listener: object): void;
  handleEndEvent(): void;
  serializeMessage(message: unknown): Buffer;
  handleDataFrame(data: Buffer): void;
  decompressMessage(message: Buffer, encoding: string): unknown;
  handleTimeoutHeader(header: string): void;
  sendMessage(message: unknown, callback: () => void): void;
  sendStatus(status: { readonly code: number; readonly details: string; readonly metadata: null }): void;
  /** Called when the call is over, however it ended, and possibly more than once. */
  notifyOnCancel(): void;
}

/** A server, `server.js`. */
export interface PrivateServer {
  readonly handlers: ReadonlyMap<string, PrivateServerCall['handler']>;
  /** Refuses a request with a foreign content-type, and then returns false. */
  _verifyContentType(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): boolean;
  /** Refuses a call. */
  _respondWithError(error: unknown, stream: ServerHttp2Stream, channelzSession: unknown): void;
}

/** Parses received data into frames, `stream-decoder.js`. Its state is 0 between two messages. */
export interface PrivateDecoder {
  readonly readState: number;
  /** The received part of a message's prefix: its first byte, and the four bytes of its length. */
  readonly readCompressFlag: Buffer;
  readonly readPartialSize: Buffer;
  readonly maxReadMessageLength: number;
  write(data: Buffer): unknown[];
}

/** The prototypes and the class of grpc-js that this library patches or uses. */
export interface PrivateParts {
  readonly internalChannel: PrivateChannel;
  readonly loadBalancingCall: PrivateLoadBalancingCall;
  readonly retryingCall: PrivateRetryingCall;
  readonly clientCall: PrivateClientCall;
  readonly subchannel: PrivateSubchannel;
  readonly connector: PrivateConnector;
  readonly serverCall: PrivateServerCall;
  readonly server: PrivateServer;
  readonly compressionFilter: PrivateCompressionFilter;
  readonly compressionFilterFactory: PrivateFilterFactory;
}

/** The modules of grpc-js that contain the private parts. */
export interface PrivateModules {
  readonly client: object;
  readonly compressionFilter: object;
  readonly internalChannel: object;
  readonly loadBalancingCall: object;
  readonly retryingCall: object;
  readonly serverInterceptors: object;
  readonly subchannel: object;
  readonly subchannelCall: object;
  readonly transport: object;
}

const own: PrivateModules = {
  client,
  compressionFilter,
  internalChannel,
  loadBalancingCall,
  retryingCall,
  serverInterceptors,
  subchannel,
  subchannelCall,
  transport,
};

/**
 * The private parts of the grpc-js that this library imports. Undefined if a class is missing, or if the files belong
 * to another copy of grpc-js, as in a bundle that contains them but not `@grpc/grpc-js` itself.
 */
export function findPrivateParts(modules: PrivateModules = own): PrivateParts | undefined {
  if (exported(modules.client, 'Client') !== Client) return undefined;
  const found = {
    clientCall: prototypeOf(modules.subchannelCall, 'Http2SubchannelCall'),
    subchannel: prototypeOf(modules.subchannel, 'Subchannel'),
    connector: prototypeOf(modules.transport, 'Http2SubchannelConnector'),
    internalChannel: prototypeOf(modules.internalChannel, 'InternalChannel'),
    loadBalancingCall: prototypeOf(modules.loadBalancingCall, 'LoadBalancingCall'),
    retryingCall: prototypeOf(modules.retryingCall, 'RetryingCall'),
    serverCall: prototypeOf(modules.serverInterceptors, 'BaseServerInterceptingCall'),
    server: Server.prototype as unknown as PrivateServer,
    compressionFilter: exported(modules.compressionFilter, 'CompressionFilter'),
    compressionFilterFactory: prototypeOf(modules.compressionFilter, 'CompressionFilterFactory'),
  };
  return Object.values(found).includes(undefined) ? undefined : found;
}

function prototypeOf(module: object, name: string): any {
  return exported(module, name)?.prototype;
}

/** If Node or a bundler does not detect the names that a CommonJS module exports, they are on its default export. */
function exported(module: any, name: string): any {
  return module[name] ?? module.default?.[name];
}
