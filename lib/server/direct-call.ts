import {
  type Metadata,
  ServerInterceptingCall,
  type ServerInterceptingCallInterface,
  type ServerInterceptor,
  type StatusObject,
} from '@grpc/grpc-js';
import { Inbox } from '../flow/inbox.ts';
import { Outbox, type Writing } from '../flow/outbox.ts';
import type { InFlight, Taken } from '../flow/send.ts';
import { join } from '../grpc-js/join.ts';
import { Code } from '../status.ts';
import type { ServerStream } from './transport.ts';

type Listener = Parameters<ServerInterceptingCallInterface['start']>[0];

/** Messages given to a call and not yet on the wire; half of them may be one write, so that the others are made meanwhile. */
const IN_FLIGHT: InFlight = { maxMessages: 256, maxBytes: 24 * 1024, minMessages: 2 };

/**
 * Has calls served here, without the streams that grpc-js puts before a handler: an interceptor stands where those would listen.
 * It has to be the last one, which is next to the handler; those of the user stand between it and the wire.
 *
 * @param handlerOf who serves the method of a path; the calls of others go on to their handlers.
 */
export function serveDirectly(
  handlerOf: (path: string) => ((stream: ServerStream) => void) | undefined,
  options: DirectOptions,
): ServerInterceptor {
  return ({ path }, call) => {
    const handler = handlerOf(path);
    return handler === undefined ? new ServerInterceptingCall(call) : new Intercepted(call, handler, options);
  };
}

export interface DirectOptions {
  /** Whether several messages may be one write, where no other interceptor stands before the wire. */
  readonly isJoining: boolean;
  /** The largest message that grpc-js sends, in bytes. */
  readonly maxMessageBytes: number;
}

class Intercepted extends ServerInterceptingCall {
  readonly #start: () => void;

  constructor(call: ServerInterceptingCallInterface, handler: (stream: ServerStream) => void, options: DirectOptions) {
    super(call);
    this.#start = () => call.start(new DirectCall(call, handler, options));
  }

  /** What grpc-js has for the handler is not told of anything. */
  override start(_listener: Listener): void {
    this.#start();
  }
}

class DirectCall extends Inbox implements ServerStream, Listener {
  readonly inFlightLimits: InFlight;
  metadata!: Metadata;
  readonly #call: ServerInterceptingCallInterface;
  readonly #handler: (stream: ServerStream) => void;
  readonly #outbox: Outbox;
  readonly #maxMessageBytes: number;
  #onCancelled: (() => void) | undefined;
  #isRefused = false;

  constructor(
    call: ServerInterceptingCallInterface,
    handler: (stream: ServerStream) => void,
    { isJoining, maxMessageBytes }: DirectOptions,
  ) {
    super();
    this.#call = call;
    this.#handler = handler;
    this.#maxMessageBytes = maxMessageBytes;
    // An interceptor has place for one message.
    const isBehindOthers = call instanceof ServerInterceptingCall;
    this.inFlightLimits = IN_FLIGHT;
    this.#outbox = new Outbox({
      write: (message, written) => call.sendMessage(message, written),
      maxWrites: isBehindOthers || isJoining ? 1 : Number.POSITIVE_INFINITY,
      join: isJoining && !isBehindOthers ? join : undefined,
      maxJoinedMessages: IN_FLIGHT.maxMessages / 2,
      maxJoinedBytes: Math.min(IN_FLIGHT.maxBytes / 2, maxMessageBytes),
    } satisfies Writing);
  }

  getPeer(): string {
    return this.#call.getPeer();
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
  write(message: Buffer, taken: Taken): void {
    if (this.#isRefused) return;
    this.#isRefused = message.byteLength > this.#maxMessageBytes;
    this.#outbox.write(message, taken);
  }

  end(metadata: Metadata | undefined): void {
    this.#finish({ code: Code.OK as number, details: 'OK', metadata: metadata ?? null });
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
    this.#handler(this);
  }

  onReceiveMessage(message: Buffer): void {
    this.take(message);
  }

  onReceiveHalfClose(): void {
    this.close();
  }

  onCancel(): void {
    this.#onCancelled?.();
  }

  protected override ask(): void {
    this.#call.startRead();
  }

  #finish(status: Parameters<ServerInterceptingCallInterface['sendStatus']>[0]): void {
    this.#outbox.flush(() => this.#call.sendStatus(status));
  }
}
