import type { ClientHttp2Session, ClientHttp2Stream, IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import { Client, type Metadata, Server, type StatusObject } from '@grpc/grpc-js';
// Static imports, so that a bundler takes these files into the bundle together with the rest of grpc-js.
import * as client from '@grpc/grpc-js/build/src/client.js';
import * as compressionFilter from '@grpc/grpc-js/build/src/compression-filter.js';
import * as serverInterceptors from '@grpc/grpc-js/build/src/server-interceptors.js';
import * as subchannel from '@grpc/grpc-js/build/src/subchannel.js';
import * as subchannelCall from '@grpc/grpc-js/build/src/subchannel-call.js';

interface HasOptions {
  getOptions(): Readonly<Record<string, unknown>>;
}

/** What belongs to a channel. */
export interface OfChannel {
  readonly transport: HasOptions;
}

/** A client's call on its HTTP/2 stream, `subchannel-call.js`: the members that the patches use. */
export interface PrivateClientCall extends OfChannel {
  readonly http2Stream: ClientHttp2Stream;
  readonly decoder: PrivateDecoder;
  /** How the call has ended, whether the listener knows it or not. */
  finalStatus: StatusObject | null;
  /** The server has sent trailers, or closed the stream. */
  readonly serverEndedCall: boolean;
  /** The HTTP/2 stream has ended: no more data comes. */
  readsClosed: boolean;
  /** Received, and not yet asked for. */
  readonly unpushedReadMessages: Buffer[];
  /** A message is about to be handed up. */
  readonly isPushPending: boolean;
  /** A message has been asked for. */
  canPush: boolean;
  push(message: Buffer): void;
  sendMessageWithContext(context: { callback?: (error?: Error | null) => void }, message: Buffer): void;
  startRead(): void;
  endCall(status: StatusObject): void;
  maybeOutputStatus(): void;
  outputStatus(): void;
  cancelWithStatus(code: number, details: string): void;
  handleTrailers(trailers: IncomingHttpHeaders): void;
  destroyHttp2Stream(): void;
}

/** A client's connection to one address, `subchannel.js`. */
export interface PrivateSubchannel {
  /** `transport.js`; null while there is no connection. */
  readonly transport: (HasOptions & { readonly session: ClientHttp2Session; handleDisconnect?(): void }) | null;
  createCall(...args: unknown[]): unknown;
}

/** A server's call on its HTTP/2 stream, `server-interceptors.js`. */
export interface PrivateServerCall {
  readonly stream: ServerHttp2Stream;
  readonly decoder: PrivateDecoder;
  readonly handler: { serialize?(message: unknown): unknown; deserialize(bytes: Buffer): unknown };
  readonly readQueue: { type: 'READABLE'; compressedMessage: null; parsedMessage: unknown }[];
  /** Milliseconds since the epoch; Infinity when there is none. */
  deadline: number;
  deadlineTimer: NodeJS.Timeout | null;
  /** The status waits for the messages before it. */
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
  /** Called when the call is over, however it has ended, and possibly more than once. */
  notifyOnCancel(): void;
}

/** A server, `server.js`. */
export interface PrivateServer {
  readonly handlers: ReadonlyMap<string, PrivateServerCall['handler']>;
  /** Refuses a request that is none of gRPC, and gives false. */
  _verifyContentType(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): boolean;
  /** Refuses a call. */
  _respondWithError(error: unknown, stream: ServerHttp2Stream, channelzSession: unknown): void;
}

/** Takes frames apart, `stream-decoder.js`; its state is 0 between two messages. */
export interface PrivateDecoder {
  readonly readState: number;
  /** What has been read of a message: its first byte, and its length in four. */
  readonly readCompressFlag: Buffer;
  readonly readPartialSize: Buffer;
}

/** Frames the messages of a client's call, `compression-filter.js`. */
export interface PrivateCompressionFilter {
  new (
    channelOptions: object,
    sharedConfig: object,
  ): {
    readonly sendCompression: { writeMessage(message: Buffer, compress: boolean): Promise<Buffer> };
    /** One for each call. */
    readonly receiveCompression: { decompressMessage: Decompress };
    receiveMetadata(metadata: Metadata): Metadata;
  };
}

export type Decompress = (message: Buffer) => Promise<Buffer>;

/** Makes the filter of each call of a channel, `compression-filter.js`. */
export interface PrivateFilterFactory {
  /** Those of the channel. */
  readonly options: Readonly<Record<string, unknown>>;
  readonly sharedFilterConfig: object;
  createFilter(): object;
}

/** The prototypes and the class of grpc-js that are patched or used. */
export interface PrivateParts {
  readonly clientCall: PrivateClientCall;
  readonly subchannel: PrivateSubchannel;
  readonly serverCall: PrivateServerCall;
  readonly server: PrivateServer;
  readonly compressionFilter: PrivateCompressionFilter;
  readonly compressionFilterFactory: PrivateFilterFactory;
}

/** The modules of grpc-js in which the private parts are. */
export interface PrivateModules {
  readonly client: object;
  readonly compressionFilter: object;
  readonly serverInterceptors: object;
  readonly subchannel: object;
  readonly subchannelCall: object;
}

const own: PrivateModules = { client, compressionFilter, serverInterceptors, subchannel, subchannelCall };

/**
 * The private parts of the grpc-js that this library imports. Undefined where a class is missing, and where these files belong to
 * another copy of grpc-js: a bundle that contains them and leaves `@grpc/grpc-js` itself outside.
 */
export function findPrivateParts(modules: PrivateModules = own): PrivateParts | undefined {
  if (exported(modules.client, 'Client') !== Client) return undefined;
  const clientCall = exported(modules.subchannelCall, 'Http2SubchannelCall')?.prototype;
  const subchannelProto = exported(modules.subchannel, 'Subchannel')?.prototype;
  const serverCall = exported(modules.serverInterceptors, 'BaseServerInterceptingCall')?.prototype;
  const filter = exported(modules.compressionFilter, 'CompressionFilter');
  const compressionFilterFactory = exported(modules.compressionFilter, 'CompressionFilterFactory')?.prototype;
  if (!clientCall || !subchannelProto || !serverCall || !filter || !compressionFilterFactory) return undefined;
  return {
    clientCall,
    subchannel: subchannelProto,
    serverCall,
    server: Server.prototype as unknown as PrivateServer,
    compressionFilter: filter,
    compressionFilterFactory,
  };
}

/** Where Node or a bundler does not see the names that a CommonJS module exports, they are on its default export. */
function exported(module: any, name: string): any {
  return module[name] ?? module.default?.[name];
}
