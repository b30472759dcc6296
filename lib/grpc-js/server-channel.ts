import {
  type Metadata,
  ServerInterceptingCall,
  type ServerInterceptingCallInterface,
  type ServerInterceptor,
} from '@grpc/grpc-js';
import type { LiveCalls } from '../call/live-calls.ts';
import type { AgedConnection, FinalStatus, ServerChannel, ServerListener, Taken } from '../call/message-channel.ts';
import { type JoinedMessages, MessageStream, type Writing } from '../call/message-stream.ts';
import { giveBack } from '../codec/buffer-pool.ts';
import type { RpcError } from '../core/rpc-error.ts';
import { Code } from '../core/status.ts';
import { batchRequests } from './batch.ts';
import { Batch } from './batch-decoder.ts';
import { ForeignCall } from './foreign-call.ts';
import { isTransportCall } from './is-transport-call.ts';
import { Joined } from './joined.ts';

type GrpcListener = Parameters<ServerInterceptingCallInterface['start']>[0];

/** Beyond what is in HTTP/2's windows. */
const several: Writing = {
  maxMessages: 256,
  maxBytes: 16 * 1024,
  minMessages: 2,
  maxWrites: Infinity,
  join: undefined,
};
const joined: Writing = { ...several, maxWrites: 1, join: expectedBytes => new Joined(expectedBytes) };
/** An interceptor has place for one message, and loses a status that comes while it has one. */
const one: Writing = { ...several, maxWrites: 1, endsWritten: true };

/**
 * Has calls served here, without the streams that grpc-js puts before a handler: an interceptor stands where those would listen.
 * It has to be the last one, which is next to the handler; those of the user stand between it and the wire.
 *
 * @param handlers who serves the method with a serializer, by which it is told even from what takes its place at its path; the
 *   calls of others go on to their handlers, and can be cut.
 */
export function serveDirectly(
  handlers: ReadonlyMap<unknown, DirectHandler>,
  options: DirectOptions,
): ServerInterceptor {
  return (method, call) => {
    const handler = handlers.get(method.responseSerialize);
    const connection = options.ages?.current;
    if (handler === undefined) return new ForeignCall(call, method, options.live, connection);
    return new Intercepted(call, handler, connection, options);
  };
}

/** Who serves a method, and how its requests come. */
export interface DirectHandler {
  readonly serve: (channel: ServerChannel) => void;
  readonly requestStream: boolean;
  /** Whether its deserializer keeps no part of a small message. */
  readonly keepsNothing: boolean;
}

export interface DirectOptions {
  /** Whether requests that arrive together are received together, where no other interceptor stands before the wire. */
  readonly isBatching: boolean;
  /** Whether several messages may be one write, where no other interceptor stands before the wire. */
  readonly isJoining: boolean;
  /** The largest message that grpc-js sends, in bytes. */
  readonly maxMessageBytes: number;
  /** Where calls of other services are noted down; our own do so themselves. */
  readonly live: LiveCalls<RpcError>;
  readonly ages?: { readonly current: AgedConnection | undefined } | undefined;
}

class Intercepted extends ServerInterceptingCall {
  readonly #start: () => void;

  constructor(
    call: ServerInterceptingCallInterface,
    handler: DirectHandler,
    connection: AgedConnection | undefined,
    options: DirectOptions,
  ) {
    super(call);
    this.#start = () => call.start(new GrpcServerChannel(call, handler, connection, options));
  }

  /** What grpc-js has for the handler is not told of anything. */
  override start(_listener: GrpcListener): void {
    this.#start();
  }
}

class GrpcServerChannel extends MessageStream implements ServerChannel, GrpcListener {
  metadata!: Metadata;
  readonly isHalfCloseFinal: boolean = false;
  readonly connection: AgedConnection | undefined;
  readonly #call: ServerInterceptingCallInterface;
  readonly #handler: DirectHandler;
  readonly #maxMessageBytes: number;
  #listener: ServerListener | undefined;
  #isRefused = false;
  #isExceeded = false;

  constructor(
    call: ServerInterceptingCallInterface,
    handler: DirectHandler,
    connection: AgedConnection | undefined,
    { isJoining, isBatching, maxMessageBytes }: DirectOptions,
  ) {
    const isNext = isTransportCall(call);
    super(!isNext ? one : isJoining ? joined : several);
    if (isNext && isBatching && handler.requestStream) batchRequests(call);
    this.connection = connection;
    this.#call = call;
    this.#handler = handler;
    this.#maxMessageBytes = maxMessageBytes;
  }

  /** As grpc-js's own, of what it has noted down: asking the socket of HTTP/2 takes microseconds. */
  getPeer(): string {
    const { remoteAddress, remotePort } = this.#call.getConnectionInfo();
    if (remoteAddress === undefined) return this.#call.getPeer();
    return remotePort === undefined ? remoteAddress : `${remoteAddress}:${remotePort}`;
  }

  getDeadline(): Date | number {
    return this.#call.getDeadline();
  }

  getAuthContext(): ReturnType<ServerInterceptingCallInterface['getAuthContext']> {
    return this.#call.getAuthContext();
  }

  listen(listener: ServerListener): void {
    this.#listener = listener;
  }

  sendHeaders(headers: Metadata): void {
    this.#call.sendMetadata(headers);
  }

  /** Behind a message that grpc-js refuses comes its status, and nothing else may. */
  override write(message: Buffer, taken: Taken): void {
    if (this.#isRefused || this.#isExceeded) return;
    this.#isRefused = message.byteLength > this.#maxMessageBytes;
    super.write(message, taken);
  }

  override get appends(): boolean {
    return !this.#isExceeded && super.appends;
  }

  finish({ code, details, metadata }: FinalStatus): void {
    this.#listener = undefined; // the HTTP/2 stream, which refers to this channel, lives longer than the call
    this.flush(() => {
      if (!this.#isExceeded) this.#call.sendStatus({ code, details, metadata: metadata ?? null });
    });
  }

  onReceiveMetadata(metadata: Metadata): void {
    this.metadata = metadata;
    this.#handler.serve(this);
  }

  onReceiveMessage(message: Buffer | Batch): void {
    if (message instanceof Batch) this.takeRow(this.#handler.keepsNothing ? message : message.copying());
    else this.take(message);
  }

  onReceiveHalfClose(): void {
    this.close();
  }

  onCancel(): void {
    this.drop();
    this.#listener?.onEnd();
  }

  protected override ask(): void {
    this.#call.startRead();
  }

  protected override arrived(): void {
    this.#listener?.onMessages();
  }

  protected override give(write: Buffer | JoinedMessages, written: () => void): void {
    if (this.#isPastDeadline) this.#exceed();
    else this.#call.sendMessage(write, written);
    if (this.inFlightLimits !== one) giveBack(write); // grpc-js has copied it into its frame; an interceptor may keep it
  }

  /**
   * At the deadline grpc-js sends the status by itself. A message written behind that status breaks the HTTP/2 stream, and the
   * client receives neither. The timer of grpc-js may be a millisecond early.
   */
  get #isPastDeadline(): boolean {
    const deadline = Number(this.#call.getDeadline());
    return deadline !== Number.POSITIVE_INFINITY && Date.now() >= deadline - 1;
  }

  /** The message that is too late is lost, so no other status may follow: neither OK nor what the handler ends with. */
  #exceed(): void {
    if (this.#isExceeded) return;
    this.#isExceeded = true;
    const listener = this.#listener;
    this.#listener = undefined;
    this.#call.sendStatus(deadlineExceeded);
    listener?.onEnd();
  }
}

const deadlineExceeded = {
  code: Code.DEADLINE_EXCEEDED as number,
  details: 'the deadline has passed',
  metadata: null,
};
