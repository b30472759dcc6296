import { asyncScheduler } from 'rxjs';
import type {
  ClientChannel,
  ClientListener,
  FinalStatus,
  ServerChannel,
  ServerListener,
  Taken,
} from '../call/message-channel.ts';
import { startDeadline } from '../core/deadline.ts';
import { Metadata } from '../core/metadata.ts';
import { Code, type StatusObject } from '../core/status.ts';
import { deferred } from './deferred.ts';
import { Half } from './half.ts';
import { MAX_HELD, Pipe } from './pipe.ts';

type InContext = (work: () => void) => void;

/** A call between a client and a server of one process: two streams, and between them no socket. */
export class LoopCall {
  readonly requests: Pipe = new Pipe();
  readonly responses: Pipe = new Pipe();
  readonly client: ClientHalf;
  readonly server: ServerHalf;
  headers: Metadata | undefined;
  status: StatusObject | undefined;
  /** The call did not end as the server said, so the client is told before it has read what came. */
  isCut = false;
  #stopDeadline: (() => void) | undefined;

  /**
   * @param deadline milliseconds since the epoch
   * @param inContext runs the server's listener
   */
  constructor(deadline: number | undefined, listener: ClientListener, inContext: InContext) {
    this.client = new ClientHalf(this, listener);
    this.server = new ServerHalf(this, deadline ?? Number.POSITIVE_INFINITY, inContext);
    if (deadline === undefined) return;
    const passed = () => this.abort(Code.DEADLINE_EXCEEDED, 'Deadline exceeded');
    if (deadline <= asyncScheduler.now()) passed();
    else this.#stopDeadline = startDeadline(new Date(deadline), passed);
  }

  /** The request headers reach the server, unless the call has ended meanwhile. */
  begin(metadata: Metadata, start: (channel: ServerChannel) => void): void {
    if (this.status !== undefined) return;
    this.server.metadata = asReceived(metadata);
    this.server.inContext(() => start(this.server));
  }

  sendHeaders(headers: Metadata): void {
    if (this.headers !== undefined || this.status !== undefined) return;
    this.headers = asReceived(headers);
    this.client.look();
  }

  /** The server's end of the call. Requests that still come go nowhere. */
  finish({ code, details, metadata = new Metadata() }: FinalStatus): void {
    if (this.status !== undefined) return;
    this.#end({ code, details, metadata: asReceived(metadata) });
    this.requests.drain();
  }

  /** Any other end. What the server has sent can still be read. */
  abort(code: number, details: string): void {
    if (this.status !== undefined) return;
    this.isCut = true;
    this.#end({ code, details, metadata: new Metadata() });
    deferred(() => this.server.inContext(() => this.server.listener?.onEnd()));
  }

  #end(status: StatusObject): void {
    this.#stopDeadline?.();
    this.status = status;
    this.responses.hasEnded = true;
    this.client.look();
  }
}

class ClientHalf extends Half implements ClientChannel {
  readonly #call: LoopCall;
  readonly #listener: ClientListener;
  #hasHeaders = false;
  #hasStatus = false;

  constructor(call: LoopCall, listener: ClientListener) {
    super(call.responses);
    this.#call = call;
    this.#listener = listener;
  }

  get hasEnded(): boolean {
    return this.#hasStatus;
  }

  override read(): Buffer | null {
    const message = super.read();
    if (this.#call.status !== undefined && !this.#hasStatus) this.look();
    return message;
  }

  write(message: Uint8Array, taken: Taken): void {
    this.#call.requests.write(message as Buffer, taken);
    this.#call.server.look();
  }

  finish(): void {
    this.#call.requests.hasEnded = true;
    this.#call.server.look();
  }

  cancel({ code, details }: Omit<FinalStatus, 'metadata'>): void {
    this.#call.abort(code, details);
  }

  protected tell(): void {
    const { headers, status, isCut } = this.#call;
    if (headers !== undefined && !this.#hasHeaders) {
      this.#hasHeaders = true;
      this.#listener.onHeaders(headers);
    }
    if (this.size > 0) this.#listener.onMessages();
    if (status !== undefined && !this.#hasStatus && (isCut || this.size <= MAX_HELD)) {
      this.#hasStatus = true;
      this.#listener.onEnd(status);
    }
  }
}

class ServerHalf extends Half implements ServerChannel {
  readonly #call: LoopCall;
  readonly #deadline: number;
  readonly inContext: InContext;
  readonly isHalfCloseFinal: boolean = true;
  metadata: Metadata = new Metadata();
  listener: ServerListener | undefined;
  /** The half-close has reached this side. */
  #hasHalfClose = false;

  constructor(call: LoopCall, deadline: number, inContext: InContext) {
    super(call.requests);
    this.#call = call;
    this.#deadline = deadline;
    this.inContext = inContext;
  }

  get hasEnded(): boolean {
    return this.#hasHalfClose;
  }

  listen(listener: ServerListener): void {
    this.listener = listener;
  }

  getDeadline(): number {
    return this.#deadline;
  }

  getPeer(): string {
    return 'in-process';
  }

  getAuthContext(): object {
    return {};
  }

  sendHeaders(headers: Metadata): void {
    this.#call.sendHeaders(headers);
  }

  write(message: Uint8Array, taken: Taken): void {
    this.#call.sendHeaders(new Metadata());
    this.#call.responses.write(message as Buffer, taken);
    this.#call.client.look();
  }

  finish(status: FinalStatus): void {
    this.#call.finish(status);
  }

  protected tell(): void {
    if (this.#call.status !== undefined) return;
    this.#hasHalfClose = this.#call.requests.hasEnded;
    if (this.size > 0 || this.hasEnded) this.inContext(() => this.listener?.onMessages());
  }
}

/** Keys that the transport writes itself: the peer does not see the user's values of them. */
const TRANSPORT_KEYS: ReadonlySet<string> = new Set(
  'accept-encoding content-type grpc-accept-encoding grpc-encoding grpc-timeout te user-agent'.split(' '),
);

/**
 * A copy of metadata as a peer receives it over HTTP/2 in Node: the values of a key are joined with commas, and values that begin or
 * end with a space are missing.
 */
function asReceived(metadata: Metadata): Metadata {
  const headers: Record<string, string | string[]> = {};
  for (const [key, given] of Object.entries(metadata.toHttp2Headers())) {
    const values = [given as string | string[]].flat().filter(value => value === value.trim());
    if (TRANSPORT_KEYS.has(key) || values.length === 0) continue;
    headers[key] = key === 'set-cookie' ? values : values.join(key === 'cookie' ? '; ' : ', ');
  }
  return Metadata.fromHttp2Headers(headers);
}
