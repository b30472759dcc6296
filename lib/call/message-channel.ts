import type { PeerCertificate } from 'node:tls';
import type { Observable } from 'rxjs';
import type { Metadata } from '../core/metadata.ts';
import type { RpcError } from '../core/rpc-error.ts';
import type { StatusObject } from '../core/status.ts';
import type { Leave } from './linked-list.ts';
import type { CallOwner } from './live-calls.ts';

/*
 * The contract of a transport: one call, as either side of it sees it. A channel holds received messages until they are read, and
 * takes messages to send. It calls its listener, never the reverse of that: a listener returns nothing.
 */

/** The channel of a call that this process makes. It has sent the request headers. */
export interface ClientChannel extends MessageSource, MessageSink {
  /** The half-close: no request follows. */
  finish(): void;
  /** Ends the call. The listener is not called any more. */
  cancel(status: Omit<FinalStatus, 'metadata'>): void;
}

/** Receives the events of a {@link ClientChannel}. No method is called before the channel is open. */
export interface ClientListener {
  /** The response headers, at most once. A response without messages may have none. */
  onHeaders(headers: Metadata): void;
  /** Messages have arrived, one or several. */
  onMessages(): void;
  /** The call is over. Messages that the channel holds can still be read. Called once. */
  onEnd(status: StatusObject): void;
  /** The call starts or stops waiting for a free stream of a connection. */
  onStreamWait(isWaiting: boolean): void;
}

/** The channel of an incoming call. */
export interface ServerChannel extends MessageSource, MessageSink {
  /** The request headers. */
  readonly metadata: Metadata;
  /** Undefined for a connection without a maximum age. */
  readonly connection?: AgedConnection | undefined;
  /** Whether a half-close is final at once. Otherwise a cancelled call may look half-closed for up to two turns of the event loop. */
  readonly isHalfCloseFinal: boolean;
  getPeer(): string;
  /** Milliseconds since the epoch; Infinity without a deadline. */
  getDeadline(): Date | number;
  getAuthContext(): { readonly sslPeerCertificate?: PeerCertificate };
  /** Sets the listener. Called once, before the first message is read. */
  listen(listener: ServerListener): void;
  /** Sends the response headers. Without it the first response sends empty ones. */
  sendHeaders(headers: Metadata): void;
  /** Ends the call with a status, after all messages that were written. Called once. */
  finish(status: FinalStatus): void;
}

/** The status with which a server ends a call. */
export interface FinalStatus {
  readonly code: number;
  readonly details: string;
  /** The trailers. Default: none. */
  readonly metadata?: Metadata | undefined;
}

/** Receives the events of a {@link ServerChannel}. */
export interface ServerListener {
  /** Messages have arrived, one or several, or the half-close: see {@link MessageSource.hasEnded}. */
  onMessages(): void;
  /** The call is over: it was cancelled, or its deadline has passed. May be called after {@link ServerChannel.finish} as well. */
  onEnd(): void;
}

/** A connection with a maximum age, as its calls see it. */
export interface AgedConnection {
  /** Emits and completes when the connection reaches its age, also for later subscribers. */
  readonly draining$: Observable<void>;
  /** Registers a call. The returned function removes it. */
  open(call: CallOwner<RpcError>): Leave;
}

/** The received messages of a call. */
export interface MessageSource {
  /** The most messages that the source holds by itself. */
  readonly holds: number;
  /** The messages that the source holds now. */
  readonly size: number;
  /** Whether no message follows those that the source holds. */
  readonly hasEnded: boolean;
  /** Takes the next message; null when none is there. */
  read(): Buffer | null;
  /** The next messages, if the first of them is part of a row. The caller removes messages from the row. */
  readRow?(): MessageRow | undefined;
}

/** Read in place of a request of which only a part has arrived: the stream ended inside it. */
export const truncatedMessage: Buffer = Buffer.from([0xff]);

/** The details of the status of such a call. */
export const TRUNCATED = 'the stream ended inside a message';

/** Messages that arrived together, at least one. */
export interface MessageRow {
  /** The messages that are left. */
  readonly size: number;
  shift(): Buffer;
  /** Decodes the next message in place, and removes it. */
  decode<T>(decoder: Decoder<T>): T;
}

/** Takes the messages that a call sends. */
export interface MessageSink {
  /** @param taken the same function for all messages. */
  write(message: Uint8Array, taken: Taken): unknown;
  /** Whether {@link append} can be called now, in place of {@link write}. */
  readonly appends?: boolean;
  /** Encodes a message into the next write. Returns its size in bytes, or the message itself if it needs a write of its own. */
  append?<T>(encoder: Encoder<T>, value: T): number | Uint8Array;
  /** The limits for messages that were written and not yet taken. Default: 12 messages and 64 KiB. */
  readonly inFlightLimits?: InFlight | undefined;
}

/** The most messages and bytes in flight. `minMessages` may be in flight whatever their size. */
export interface InFlight {
  readonly maxMessages: number;
  readonly maxBytes: number;
  readonly minMessages: number;
}

/** The sink has taken messages, by default one. Not called for a stream that broke, except with an error. */
export type Taken = (error?: Error | null, messages?: number) => void;

/** Encodes a value into memory of the transport. Codec and transport agree on the type of that memory. */
export type Encoder<T> = (memory: any, value: T) => void;

/** Decodes a message in memory of the transport. Codec and transport agree on the type of that memory. */
export type Decoder<T> = (memory: any) => T;
