import { Metadata, type StatusObject } from '@grpc/grpc-js';
import { asyncScheduler } from 'rxjs';
import type { ClientStream } from '../client/transport.ts';
import { startDeadline } from '../core/deadline.ts';
import { Code } from '../core/status.ts';
import type { ServerStream } from '../server/transport.ts';
import { deferred } from './deferred.ts';
import { Half } from './half.ts';
import { MAX_HELD, Pipe } from './pipe.ts';

type Taken = (error?: Error | null) => void;
type InContext = (work: () => void) => void;

/** A call between a client and a server of one process: two streams, and between them no socket. */
export class LoopCall {
  readonly requests: Pipe = new Pipe();
  readonly responses: Pipe = new Pipe();
  readonly client: ClientHalf = new ClientHalf(this);
  readonly server: ServerHalf;
  headers: Metadata | undefined;
  status: StatusObject | undefined;
  /** The call did not end as the server said, so the client is told before it has read what came. */
  isCut = false;
  #stopDeadline: (() => void) | undefined;

  /**
   * @param deadline milliseconds since the epoch
   * @param inContext runs what the server is told
   */
  constructor(deadline: number | undefined, inContext: InContext) {
    this.server = new ServerHalf(this, deadline ?? Number.POSITIVE_INFINITY, inContext);
    if (deadline === undefined) return;
    const passed = () => this.abort(Code.DEADLINE_EXCEEDED, 'Deadline exceeded');
    if (deadline <= asyncScheduler.now()) passed();
    else this.#stopDeadline = startDeadline(new Date(deadline), passed);
  }

  /** The request headers reach the server, unless the call has ended meanwhile. */
  begin(metadata: Metadata, start: (stream: ServerStream) => void): void {
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
  finish({ code, details, metadata }: StatusObject): void {
    if (this.status !== undefined) return;
    this.#end({ code, details, metadata: asReceived(metadata) });
    this.requests.drain();
  }

  /** Any other end. What the server has sent can still be read. */
  abort(code: Code, details: string): void {
    if (this.status !== undefined) return;
    this.isCut = true;
    this.#end({ code: code as number, details, metadata: new Metadata() });
    deferred(() => this.server.inContext(() => this.server.emit('cancelled')));
  }

  #end(status: StatusObject): void {
    this.#stopDeadline?.();
    this.status = status;
    this.responses.hasEnded = true;
    this.client.look();
  }
}

class ClientHalf extends Half implements ClientStream {
  readonly #call: LoopCall;
  #hasToldHeaders = false;
  #hasToldStatus = false;

  constructor(call: LoopCall) {
    super(call.responses);
    this.#call = call;
  }

  write(message: Buffer, taken: Taken): void {
    this.#call.requests.write(message, taken);
    this.#call.server.look();
  }

  end(): void {
    this.#call.requests.hasEnded = true;
    this.#call.server.look();
  }

  cancel(): void {
    this.#call.abort(Code.CANCELLED, 'Cancelled on client');
  }

  protected tell(): void {
    const { headers, status, isCut } = this.#call;
    if (headers !== undefined && !this.#hasToldHeaders) {
      this.#hasToldHeaders = true;
      this.emit('metadata', headers);
    }
    this.tellOfMessages();
    if (status !== undefined && !this.#hasToldStatus && (isCut || this.readableLength <= MAX_HELD)) {
      this.#hasToldStatus = true;
      this.emit('status', status);
    }
    if (this.#hasToldStatus) this.tellOfEnd();
  }
}

class ServerHalf extends Half implements ServerStream {
  readonly #call: LoopCall;
  readonly #deadline: number;
  readonly inContext: InContext;
  metadata: Metadata = new Metadata();

  constructor(call: LoopCall, deadline: number, inContext: InContext) {
    super(call.requests);
    this.#call = call;
    this.#deadline = deadline;
    this.inContext = inContext;
    this.on('error', (status: StatusObject) => call.finish(status));
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

  sendMetadata(headers: Metadata): void {
    this.#call.sendHeaders(headers);
  }

  write(message: Buffer, taken: Taken): void {
    this.#call.sendHeaders(new Metadata());
    this.#call.responses.write(message, taken);
    this.#call.client.look();
  }

  end(trailers: Metadata = new Metadata()): void {
    this.#call.finish({ code: Code.OK, details: '', metadata: trailers });
  }

  protected tell(): void {
    if (this.#call.status !== undefined) return;
    this.inContext(() => {
      this.tellOfMessages();
      this.tellOfEnd();
    });
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
