import { merge, type Observable, take, throwError } from 'rxjs';
import { OverflowError } from '../backpressure/overflow-error.ts';
import { type DirectionStats, watchForStall } from '../call/direction-stats.ts';
import type { Leave } from '../call/linked-list.ts';
import type { LiveCall } from '../call/live-calls.ts';
import type { ServerChannel, ServerListener } from '../call/message-channel.ts';
import { writeMessages } from '../call/write-messages.ts';
import { encoderOf, lending } from '../codec/buffer-pool.ts';
import type { FlowOptions } from '../core/call-options.ts';
import { isPast, startDeadline } from '../core/deadline.ts';
import { hiddenStatus } from '../core/error-status.ts';
import type { Method } from '../core/method.ts';
import type { Rpc } from '../core/middleware.ts';
import { RpcError } from '../core/rpc-error.ts';
import { Code } from '../core/status.ts';
import { statusOrNothing, whyUnfit, withTrailers } from './final-status.ts';
import { type IncomingCall, type IncomingCallOwner, incomingCall } from './incoming-call.ts';
import { Requests, type RequestsOwner } from './requests.ts';
import { report, type ServerContext } from './server-context.ts';

export interface Served {
  readonly method: Method;
  /** The handler, with the middleware before it. */
  readonly rpc: Rpc<IncomingCall>;
  /** Of its service and its server. */
  readonly flow: FlowOptions;
}

/** Runs one incoming call: calls the handler once and sends its responses. Their end is the status. */
export function handlerCall(channel: ServerChannel, served: Served, context: ServerContext): void {
  new HandlerCall(channel, served, context).start();
}

class HandlerCall implements IncomingCallOwner, RequestsOwner, ServerListener {
  readonly #channel: ServerChannel;
  readonly #served: Served;
  readonly #context: ServerContext;
  readonly #serialize: Method['responseSerialize'];
  readonly #call: IncomingCall;
  readonly #live: LiveCall<RpcError>;
  readonly #leave: Leave | undefined;
  readonly #requests: Requests;
  readonly #stopDeadline: () => void;
  readonly #stopWatching: () => void;
  #hasEnded = false;
  #writer: { stop(): void } | undefined;

  constructor(channel: ServerChannel, served: Served, context: ServerContext) {
    const { method, flow } = served;
    this.#channel = channel;
    this.#served = served;
    this.#context = context;
    this.#serialize = lending(method.responseSerialize);
    this.#call = incomingCall(channel, method, this);
    void this.#call.peer; // a connection that is lost has none, and its call still knows it
    this.#live = context.live.open(method, this);
    this.#leave = channel.connection?.open(this);
    this.#stopDeadline = startDeadline(this.#call.deadline, () => this.onEnd());
    this.#stopWatching = watchForStall(this.#live.received, flow.stallTimeoutMs, () => this.#stalled());
    this.#requests = new Requests(channel, method, this);
  }

  get draining$(): Observable<void> {
    const { draining$ } = this.#context;
    const { connection } = this.#channel;
    return connection === undefined ? draining$ : merge(draining$, connection.draining$).pipe(take(1));
  }

  get peer(): string {
    return this.#call.peer;
  }

  get prefetch(): number | undefined {
    return this.#served.flow.prefetch;
  }

  get received(): DirectionStats {
    return this.#live.received;
  }

  start(): void {
    const { method, flow } = this.#served;
    this.#channel.listen(this);
    const writer = writeMessages<unknown>(this.#invoke(), this.#channel, {
      exactlyOne: !method.responseStream,
      encode: response => this.#encode(response),
      encoder: method.responseStream ? encoderOf(method.responseSerialize) : undefined,
      maxQueuedBytes: flow.maxQueuedBytes,
      stats: this.#live.sent,
      complete: () => this.#complete(),
      error: (error, flush) => {
        if (error instanceof OverflowError) this.#fail(this.#failure(Code.RESOURCE_EXHAUSTED, error.message, error));
        else flush(() => this.#fail(error));
      },
      violated: values => {
        const details = `expected one response, the handler gave ${values === 'none' ? 'none' : 'a second one'}`;
        this.#fail(this.#failure(Code.UNIMPLEMENTED, details));
      },
    });
    this.#live.sending = writer;
    this.#writer = writer;
    if (this.#hasEnded) this.#safely(() => writer.stop());
  }

  onMessages(): void {
    this.#requests.readOn();
  }

  /** Cancellation backward. */
  onEnd(): void {
    if (this.#hasEnded) return;
    const [code, details] = isPast(this.#call.deadline)
      ? ([Code.DEADLINE_EXCEEDED, 'the deadline has passed'] as const)
      : ([Code.CANCELLED, 'cancelled by the caller'] as const);
    this.#end(this.#failure(code, details));
  }

  /** Error backward: the call cannot go on, and the caller is told why. */
  abort(error: RpcError): void {
    this.#fail(error, error);
  }

  #invoke(): Observable<unknown> {
    try {
      return this.#served.rpc(this.#requests.request$, this.#call);
    } catch (error) {
      return throwError(() => error);
    }
  }

  #encode(response: unknown): Uint8Array {
    const bytes = this.#serialize(response);
    this.#call.headersAreSent();
    return bytes;
  }

  /**
   * Every end passes through here, once; with an error when the call was cut short. What request$ is told comes before
   * response$ is unsubscribed, so that its handler can still act on it.
   */
  #end(error: RpcError | undefined): boolean {
    if (this.#hasEnded) return false;
    this.#hasEnded = true;
    this.#stopDeadline();
    this.#stopWatching();
    this.#live.close();
    this.#leave?.();
    this.#call.inContext(() => {
      this.#safely(() => this.#call.end(error));
      this.#safely(() => this.#requests.end(error));
      this.#safely(() => this.#writer?.stop());
    });
    return true;
  }

  /** A teardown of the handler that throws does not keep its call from its end. */
  #safely(work: () => void): void {
    try {
      work();
    } catch (error) {
      report(this.#context, error, this.#call);
    }
  }

  /** Completion forward. */
  #complete(): void {
    const { askedTrailers } = this.#call;
    const unfit = askedTrailers && whyUnfit(askedTrailers);
    if (unfit !== undefined) this.#fail(unfit);
    else if (this.#end(undefined)) this.#channel.finish({ code: Code.OK, details: '', metadata: askedTrailers });
  }

  /** Error forward. */
  #fail(error: unknown, forReader?: RpcError): void {
    if (!this.#end(forReader)) return;
    const status = statusOrNothing(error);
    if (status === undefined) report(this.#context, error, this.#call);
    this.#channel.finish(withTrailers(status ?? hiddenStatus(), this.#call.trailers));
  }

  #stalled(): void {
    const { stallTimeoutMs } = this.#served.flow;
    this.abort(
      this.#failure(Code.ABORTED, `the handler has taken no request for ${stallTimeoutMs} ms (stallTimeoutMs)`),
    );
  }

  #failure(code: Code, details: string, cause?: unknown): RpcError {
    return new RpcError(code, details, { path: this.#served.method.path, cause });
  }
}
