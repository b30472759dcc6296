import {
  type Metadata,
  ServerInterceptingCall,
  type ServerInterceptingCallInterface,
  type ServerInterceptor,
  type StatusObject,
} from '@grpc/grpc-js';
import type { LiveCalls } from '../call/live-calls.ts';
import { type JoinedMessages, MessageStream, type Writing } from '../call/message-stream.ts';
import type { Taken } from '../call/send.ts';
import { giveBack } from '../codec/buffer-pool.ts';
import type { RpcError } from '../core/rpc-error.ts';
import { Code } from '../core/status.ts';
import { batchRequests } from '../grpc-js/batch.ts';
import { Batch } from '../grpc-js/batch-decoder.ts';
import { isTransportCall } from '../grpc-js/is-transport-call.ts';
import { Joined } from '../grpc-js/joined.ts';
import type { Connection, ConnectionAges } from './connection-ages.ts';
import { ForeignCall } from './foreign-call.ts';
import type { ServerStream } from './transport.ts';

type Listener = Parameters<ServerInterceptingCallInterface['start']>[0];

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
  readonly serve: (stream: ServerStream) => void;
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
  readonly ages?: ConnectionAges | undefined;
}

class Intercepted extends ServerInterceptingCall {
  readonly #start: () => void;

  constructor(
    call: ServerInterceptingCallInterface,
    handler: DirectHandler,
    connection: Connection | undefined,
    options: DirectOptions,
  ) {
    super(call);
    this.#start = () => call.start(new DirectCall(call, handler, connection, options));
  }

  /** What grpc-js has for the handler is not told of anything. */
  override start(_listener: Listener): void {
    this.#start();
  }
}

class DirectCall extends MessageStream implements ServerStream, Listener {
  metadata!: Metadata;
  readonly connection: Connection | undefined;
  readonly #call: ServerInterceptingCallInterface;
  readonly #handler: DirectHandler;
  readonly #maxMessageBytes: number;
  #onCancelled: (() => void) | undefined;
  #isRefused = false;
  #isExceeded = false;

  constructor(
    call: ServerInterceptingCallInterface,
    handler: DirectHandler,
    connection: Connection | undefined,
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

  sendMetadata(headers: Metadata): void {
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

  end(metadata: Metadata | undefined): void {
    this.#finish({ code: Code.OK as number, details: '', metadata: metadata ?? null });
  }

  emit(_event: 'error', status: StatusObject): void {
    this.#finish(status);
  }

  override on(event: string, listener: (...args: any[]) => void): void {
    if (event === 'cancelled') this.#onCancelled = listener;
    else super.on(event, listener);
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
    this.#onCancelled?.();
  }

  protected override ask(): void {
    this.#call.startRead();
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
    const onCancelled = this.#onCancelled;
    this.#onCancelled = undefined;
    this.#call.sendStatus(deadlineExceeded);
    onCancelled?.();
  }

  #finish(status: Parameters<ServerInterceptingCallInterface['sendStatus']>[0]): void {
    this.#onCancelled = undefined; // the HTTP/2 stream, on which this hangs, lives longer than the call
    this.flush(() => {
      if (!this.#isExceeded) this.#call.sendStatus(status);
    });
  }
}

const deadlineExceeded = {
  code: Code.DEADLINE_EXCEEDED as number,
  details: 'the deadline has passed',
  metadata: null,
};
