import type { ClientHttp2Session, ClientHttp2Stream, ServerHttp2Stream } from 'node:http2';
import { createRequire } from 'node:module';
import { Client, type StatusObject } from '@grpc/grpc-js';

interface HasOptions {
  getOptions(): Readonly<Record<string, unknown>>;
}

/** What belongs to a channel. */
export interface OfChannel {
  readonly transport: HasOptions;
}

/** A client's call on its HTTP/2 stream, `subchannel-call.js`: what is used of it, as it is in 1.14. */
export interface PrivateClientCall extends OfChannel {
  readonly http2Stream: ClientHttp2Stream;
  readonly decoder: PrivateDecoder;
  /** How the call has ended, told or not. */
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
  destroyHttp2Stream(): void;
}

/** A client's connection to one address, `subchannel.js`. */
export interface PrivateSubchannel {
  /** `transport.js`; null while there is no connection. */
  readonly transport: (HasOptions & { readonly session: ClientHttp2Session; handleDisconnect(): void }) | null;
  createCall(...args: unknown[]): unknown;
}

/** A server's call on its HTTP/2 stream, `server-interceptors.js`. */
export interface PrivateServerCall {
  readonly stream: ServerHttp2Stream;
  readonly decoder: PrivateDecoder;
  readonly handler: { deserialize(bytes: Buffer): unknown };
  readonly readQueue: { type: 'READABLE'; compressedMessage: null; parsedMessage: unknown }[];
  start(listener: object): void;
  handleEndEvent(): void;
}

/** Takes frames apart, `stream-decoder.js`; its state is 0 between two messages. */
interface PrivateDecoder {
  readonly readState: number;
}

/** The prototypes to adjust, and the version that they are of. */
export interface PrivateParts {
  readonly version: string;
  readonly clientCall: PrivateClientCall;
  readonly subchannel: PrivateSubchannel;
  readonly serverCall: PrivateServerCall;
}

/**
 * What was found of the grpc-js that this library imports; undefined where it is not laid out as expected (a bundle), or where
 * what is found is another one.
 */
export function findPrivateParts(load: (id: string) => any = createRequire(import.meta.url)): PrivateParts | undefined {
  try {
    if (load('@grpc/grpc-js').Client !== Client) return undefined;
    return {
      version: load('@grpc/grpc-js/package.json').version,
      clientCall: load('@grpc/grpc-js/build/src/subchannel-call.js').Http2SubchannelCall.prototype,
      subchannel: load('@grpc/grpc-js/build/src/subchannel.js').Subchannel.prototype,
      serverCall: load('@grpc/grpc-js/build/src/server-interceptors.js').BaseServerInterceptingCall.prototype,
    };
  } catch {
    return undefined;
  }
}
