import { setMaxListeners } from 'node:events';
import type { PeerCertificate } from 'node:tls';
import { Observable } from 'rxjs';
import type { ServerChannel } from '../call/message-channel.ts';
import { startDeadline } from '../core/deadline.ts';
import { Metadata, type MetadataInput, toMetadata } from '../core/metadata.ts';
import type { Method } from '../core/method.ts';
import { RpcError } from '../core/rpc-error.ts';
import { CallContext, limitDeadline, onCancelled, type ParentCall, serverCall } from '../core/server-call.ts';
import { Code } from '../core/status.ts';

/** Who runs the call. */
export interface IncomingCallOwner {
  readonly draining$: Observable<void>;
  /** Ends the call, and tells its caller why. */
  abort(error: RpcError): void;
}

/** The ServerCall of one incoming call, with what its server may do to it. */
export interface IncomingCall extends ParentCall {
  /** Runs what tells the handler of something; in the async context that it was called in, if there is one. */
  inContext: (work: () => void) => void;
  /** The trailers, if anybody has asked for them. */
  readonly askedTrailers: Metadata | undefined;
  /** The first response takes the headers with it. */
  headersAreSent(): void;
  /** The call is over; with a reason when it was cut short: then the signal and the calls made on behalf of this one are told. */
  end(reason: RpcError | undefined): void;
}

export function incomingCall(channel: ServerChannel, method: Method, owner: IncomingCallOwner): IncomingCall {
  return new Incoming(channel, method, owner);
}

class Incoming implements IncomingCall {
  readonly [serverCall] = true as const;
  readonly method: Method;
  readonly metadata: Metadata;
  readonly #channel: ServerChannel;
  readonly #owner: IncomingCallOwner;
  /** Told of the end, with a reason when the call is cut short. */
  #listeners: Set<(reason: RpcError | undefined) => void> | undefined;
  #deadline: Date | undefined;
  #stopLimit: (() => void) | undefined;
  #context: CallContext | undefined;
  #peer: string | undefined;
  #peerCertificate: PeerCertificate | undefined;
  #trailers: Metadata | undefined;
  #headersAreSent = false;
  #controller: AbortController | undefined;
  #cancelled: RpcError | undefined;
  #hasEnded = false;

  constructor(channel: ServerChannel, method: Method, owner: IncomingCallOwner) {
    this.#channel = channel;
    this.#owner = owner;
    this.method = method;
    this.metadata = channel.metadata;
    const deadline = Number(channel.getDeadline());
    this.#deadline = Number.isFinite(deadline) ? new Date(deadline) : undefined;
  }

  inContext: (work: () => void) => void = run;

  get trailers(): Metadata {
    this.#trailers ??= new Metadata();
    return this.#trailers;
  }

  get askedTrailers(): Metadata | undefined {
    return this.#trailers;
  }

  get path(): string {
    return this.method.path;
  }

  get peer(): string {
    this.#peer ??= this.#channel.getPeer();
    return this.#peer;
  }

  get peerCertificate(): PeerCertificate | undefined {
    this.#peerCertificate ??= this.#channel.getAuthContext().sslPeerCertificate;
    return this.#peerCertificate;
  }

  get deadline(): Date | undefined {
    return this.#deadline;
  }

  get context(): CallContext {
    this.#context ??= new CallContext();
    return this.#context;
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      setMaxListeners(0, this.#controller.signal); // one call may have many parts that listen
      if (this.#cancelled !== undefined) this.#controller.abort(this.#cancelled);
    }
    return this.#controller.signal;
  }

  get cancelled$(): Observable<RpcError> {
    return new Observable(subscriber => {
      const ended = (reason: RpcError | undefined): void => {
        if (reason !== undefined) subscriber.next(reason);
        subscriber.complete();
      };
      subscriber.add(this.#onEnd(ended));
    });
  }

  get draining$(): Observable<void> {
    return new Observable(subscriber => {
      subscriber.add(this.#onEnd(() => subscriber.complete()));
      this.#owner.draining$.subscribe(subscriber);
    });
  }

  sendHeaders(headers: MetadataInput): void {
    if (this.#headersAreSent) {
      throw new Error(`${this.path}: the response headers were sent already, with sendHeaders or the first response`);
    }
    const metadata = toMetadata(headers);
    this.#headersAreSent = true;
    this.#channel.sendHeaders(metadata);
  }

  headersAreSent(): void {
    this.#headersAreSent = true;
  }

  [onCancelled](cancelled: (reason: RpcError) => void): () => void {
    return this.#onEnd(reason => {
      if (reason !== undefined) cancelled(reason);
    });
  }

  [limitDeadline](deadline: Date, details: string): void {
    if (this.#hasEnded || (this.#deadline !== undefined && this.#deadline <= deadline)) return;
    this.#deadline = deadline;
    this.#stopLimit?.();
    this.#stopLimit = startDeadline(deadline, () =>
      this.#owner.abort(new RpcError(Code.DEADLINE_EXCEEDED, details, { path: this.path })),
    );
  }

  end(reason: RpcError | undefined): void {
    this.#hasEnded = true;
    this.#stopLimit?.();
    this.#cancelled = reason;
    if (reason !== undefined) this.#controller?.abort(reason);
    for (const listener of this.#listeners ?? []) listener(reason);
    this.#listeners = undefined;
  }

  #onEnd(listener: (reason: RpcError | undefined) => void): () => void {
    if (this.#hasEnded) {
      listener(this.#cancelled);
      return () => {};
    }
    this.#listeners ??= new Set();
    this.#listeners.add(listener);
    return () => this.#listeners?.delete(listener);
  }
}

const run = (work: () => void): void => work();
