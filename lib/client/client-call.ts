import { asyncScheduler, isObservable, Observable, type Subscriber } from 'rxjs';
import { OverflowError } from '../backpressure/overflow-error.ts';
import { watchForStall } from '../call/direction-stats.ts';
import type { LinkedList } from '../call/linked-list.ts';
import type { CallOwner, LiveCall, LiveCalls } from '../call/live-calls.ts';
import type { ClientChannel, ClientListener } from '../call/message-channel.ts';
import { type MessageReader, readMessages } from '../call/read-messages.ts';
import type { Transport } from '../call/transport.ts';
import { writeMessages } from '../call/write-messages.ts';
import { encoderOf, lending } from '../codec/buffer-pool.ts';
import { decoderOf } from '../codec/received.ts';
import { captureContext } from '../core/async-context.ts';
import { checkedCredentials } from '../core/call-credentials.ts';
import type { CallOptions } from '../core/call-options.ts';
import { atDeadline, DEADLINE_SLACK_MS, earliestDeadline, startDeadline } from '../core/deadline.ts';
import { errorFromStatus, markReceived } from '../core/error-status.ts';
import type { Metadata } from '../core/metadata.ts';
import type { Method } from '../core/method.ts';
import { onAbort } from '../core/on-abort.ts';
import { isRpcError, RpcError } from '../core/rpc-error.ts';
import { onCancelled, type ParentCall } from '../core/server-call.ts';
import { Code, type StatusObject } from '../core/status.ts';
import { attachCallSite } from './attach-call-site.ts';
import { type Captured, subscribedAt, type Trace, TracedCall } from './call-trace.ts';
import { withConnectionHint } from './connection-hint.ts';
import { notify, requestHeaders } from './headers.ts';

/**
 * Options key for who wants to know how a call ended that its reader unsubscribed from when the status was known and every
 * response was delivered: then it ended as the server said. Called with undefined when the call begins.
 */
export const onSettled: unique symbol = Symbol('rx-grpc.onSettled');

/** The state that the calls of one client share. */
export interface ClientState {
  readonly transport: Transport;
  /** The running calls, cancelled with a reason that becomes the details. */
  readonly live: LiveCalls<string>;
  /** Cancels the calls with middleware. Such a call may not have begun, and then it is not in `live`. */
  readonly behindMiddleware: LinkedList<(details: string) => void>;
  isClosed: boolean;
}

/**
 * A call that begins when it is subscribed to. A request that is no Observable is the one message.
 *
 * @param made where the call was made; left out where middleware made it.
 */
export function clientCall<O>(
  state: ClientState,
  method: Method,
  request: unknown,
  options: CallOptions,
  made?: Captured,
): Observable<O> {
  const begin = (subscriber: Subscriber<O>, trace: Trace): void =>
    new ClientCall(state, method, options, subscriber, trace).begin(request);
  const known = (options as { [subscribedAt]?: Trace })[subscribedAt];
  return known === undefined
    ? new TracedCall(method.path, begin, made)
    : new Observable<O>(subscriber => begin(subscriber, known));
}

/** A call from its subscription to its end. */
class ClientCall<O> implements CallOwner<string>, ClientListener {
  readonly #state: ClientState;
  readonly #method: Method;
  readonly #encode: Method['requestSerialize'];
  readonly #options: CallOptions;
  readonly #subscriber: Subscriber<O>;
  readonly #trace: Trace;
  readonly #inContext = captureContext();
  #live!: LiveCall<string>;
  #channel!: ClientChannel;
  #writer: { stop(): void } | undefined;
  /** In milliseconds since the epoch. */
  #deadline: number | undefined;
  #status: StatusObject | undefined;
  #reader: MessageReader | undefined;
  #hasToldEnd = false;

  constructor(state: ClientState, method: Method, options: CallOptions, subscriber: Subscriber<O>, trace: Trace) {
    this.#state = state;
    this.#method = method;
    this.#encode = lending(method.requestSerialize);
    this.#options = options;
    this.#subscriber = subscriber;
    this.#trace = trace;
  }

  begin(request: unknown): void {
    // Encoded before anything else: a message that cannot be sent starts no call.
    const message = isObservable(request) ? undefined : this.#encode(request);
    const channel = this.#open();
    if (channel === undefined) return;
    this.#channel = channel;
    const settled = (this.#options as { [onSettled]?: (status: StatusObject | undefined) => void })[onSettled];
    settled?.(undefined);
    this.#subscriber.add(() => {
      if (this.#status === undefined) channel.cancel(cancelled);
      else if (this.#isSettled && !this.#hasToldEnd) settled?.(this.#status);
      this.#writer?.stop();
    });
    this.#read();
    if (message !== undefined) this.#writeOne(message);
    else this.#write(request as Observable<unknown>);
  }

  abort(details: string, cause?: unknown): void {
    this.#end(Code.CANCELLED, details, cause);
  }

  #end(code: Code, details: string, cause?: unknown): void {
    this.#run(() => this.#unlessSettled(() => this.#fail(code, details, cause)));
  }

  /** Runs work in the async context of the subscription. */
  #run(work: () => void): void {
    if (this.#inContext === undefined) work();
    else this.#inContext(work);
  }

  /** Once the status is known and every response has been delivered, nothing on this side changes how the call ends. */
  get #isSettled(): boolean {
    return this.#status !== undefined && this.#reader?.isDrained === true;
  }

  /**
   * Ends the call as its server said, if that is settled, and else in another way. Inside `next` that cannot be known yet: the
   * status may have come in the packet of this very response, and the operators below are still at work on it.
   */
  #unlessSettled(fail: () => void): void {
    const end = () => (this.#isSettled ? this.#reader!.tellEnd() : fail());
    if (!this.#reader?.isDelivering) {
      end();
      return;
    }
    this.#reader.stop();
    this.#writer?.stop();
    this.#subscriber.add(asyncScheduler.schedule(end));
  }

  /** With an error that its own side found; it counts as received, so that no server shows it. */
  #fail(code: Code, details: string, cause?: unknown): void {
    const { path } = this.#method;
    this.#error(attachCallSite(markReceived(new RpcError(code, details, { path, cause })), this.#trace));
  }

  /** The call on its way, and everything that may cut it short; undefined when it has ended before it began. */
  #open(): ClientChannel | undefined {
    const { signal, stallTimeoutMs, host, credentials, compression } = this.#options;
    const subscriber = this.#subscriber;
    const state = this.#state;
    const parent = this.#options.parent as ParentCall | undefined;

    if (state.isClosed) this.abort('the client is closed');
    else if (signal?.aborted) this.abort('cancelled by its signal', signal.reason);
    if (subscriber.closed) return undefined;

    const live = state.live.open(this.#method, this);
    this.#live = live;
    subscriber.add(() => live.close());
    if (stallTimeoutMs !== undefined) {
      const stalled = () => this.#end(Code.ABORTED, `no response was taken for ${stallTimeoutMs} ms (stallTimeoutMs)`);
      subscriber.add(watchForStall(live.received, stallTimeoutMs, stalled));
    }
    if (signal) subscriber.add(onAbort(signal, () => this.abort('cancelled by its signal', signal.reason)));
    if (parent) subscriber.add(parent[onCancelled](reason => this.abort('cancelled by its parent call', reason)));
    if (subscriber.closed) return undefined;

    const metadata = requestHeaders(this.#options);
    const deadline = earliestDeadline(this.#options);
    this.#deadline = deadline;
    if (deadline !== undefined) {
      // grpc-js ends the call, but what it then tells stands behind the responses that nobody takes.
      const passed = () => this.#end(Code.DEADLINE_EXCEEDED, 'the deadline has passed');
      subscriber.add(startDeadline(new Date(deadline + DEADLINE_SLACK_MS), passed));
    }
    try {
      const checked = credentials && checkedCredentials(credentials, metadata);
      const open = { metadata, deadline, host, credentials: checked, compression };
      return state.transport.open(this.#method, open, this);
    } catch (error) {
      if (!isRpcError(error)) throw error;
      this.#end(error.code, error.details);
      return undefined;
    }
  }

  /** Backward: responses, the end. */
  #read(): void {
    const { responseStream, responseDeserialize } = this.#method;
    this.#reader = readMessages(this.#channel, this.#subscriber, {
      exactlyOne: !responseStream,
      decode: responseDeserialize,
      decoder: responseStream ? decoderOf(responseDeserialize) : undefined,
      prefetch: this.#options.prefetch,
      isContextKnown: true,
      stats: this.#live.received,
      hasEndedWell: () => this.#isOk(),
      complete: () => this.#complete(),
      violated: messages =>
        this.#violated(`expected one response, got ${messages === 'none' ? 'none' : 'a second one'}`),
      malformed: error => this.#fail(Code.INTERNAL, 'a response cannot be decoded', error),
    });
  }

  onHeaders(headers: Metadata): void {
    const { onHeaders } = this.#options;
    if (onHeaders !== undefined) this.#run(() => notify(onHeaders, headers, this.#subscriber));
  }

  onMessages(): void {
    this.#reader?.readOn();
  }

  onEnd(status: StatusObject): void {
    this.#status = atDeadline(status, this.#deadline);
    try {
      this.#run(() => this.#writer?.stop()); // a teardown of request$ may throw
    } finally {
      this.#reader?.readOn();
    }
  }

  onStreamWait(isWaiting: boolean): void {
    this.#live.waitsForStream(isWaiting);
  }

  /** All responses have been given: tells of the trailers, and of a status that is an error. */
  #isOk(): boolean {
    const status = this.#status!;
    notify(this.#options.onTrailers, status.metadata, this.#subscriber);
    if (status.code === Code.OK) return true;
    this.#error(attachCallSite(errorFromStatus(withConnectionHint(status), this.#method.path), this.#trace));
    return false;
  }

  #error(error: unknown): void {
    this.#hasToldEnd = true;
    this.#subscriber.error(error);
  }

  #complete(): void {
    this.#hasToldEnd = true;
    this.#subscriber.complete();
  }

  /** Forward: requests, their end. */
  #write(request$: Observable<unknown>): void {
    const { requestStream, requestSerialize } = this.#method;
    const writer = writeMessages(request$, this.#channel, {
      exactlyOne: !requestStream,
      encode: this.#encode,
      encoder: requestStream ? encoderOf(requestSerialize) : undefined,
      maxQueuedBytes: this.#options.maxQueuedBytes,
      stats: this.#live.sent,
      complete: () => this.#channel.finish(),
      // An error of request$ is passed on as it is; that of its queue is a status.
      error: reason => {
        this.#unlessSettled(() => {
          if (reason instanceof OverflowError) this.#fail(Code.RESOURCE_EXHAUSTED, reason.message, reason);
          else this.#error(reason);
        });
      },
      violated: values =>
        this.#violated(`expected one request, request$ had ${values === 'none' ? 'none' : 'a second one'}`),
    });
    this.#live.sending = writer;
    this.#writer = writer;
    if (this.#subscriber.closed || this.#status !== undefined) writer.stop();
  }

  /** Sends a request that is known before the call begins. */
  #writeOne(request: Uint8Array): void {
    this.#live.sent.messages++;
    this.#channel.write(request, ignore);
    this.#channel.finish();
  }

  #violated(details: string): void {
    this.#fail(Code.UNIMPLEMENTED, details);
  }
}

const cancelled = { code: Code.CANCELLED as number, details: 'Cancelled on client' };

const ignore = (): void => {};
