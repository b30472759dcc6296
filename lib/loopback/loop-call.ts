import { EventEmitter } from 'node:events';
import { Metadata, type StatusObject } from '@grpc/grpc-js';
import type { ClientStream } from '../client/transport.ts';
import { startDeadline } from '../deadline.ts';
import type { ServerStream } from '../server/transport.ts';
import { Code } from '../status.ts';
import { Pipe } from './pipe.ts';
import { soon } from './soon.ts';

type Taken = (error?: Error | null) => void;

/** A call between a client and a server of one process: two streams, and between them no socket and no copy. */
export class LoopCall {
  readonly client: ClientHalf = new ClientHalf(this);
  readonly server: ServerHalf;
  readonly requests: Pipe = new Pipe();
  readonly responses: Pipe = new Pipe();
  headers: Metadata | undefined;
  status: StatusObject | undefined;
  readonly #stopDeadline: () => void;

  /** @param deadline milliseconds since the epoch */
  constructor(metadata: Metadata, deadline: number | undefined) {
    this.server = new ServerHalf(this, metadata, deadline ?? Number.POSITIVE_INFINITY);
    this.#stopDeadline = startDeadline(deadline === undefined ? undefined : new Date(deadline), () =>
      this.cut(Code.DEADLINE_EXCEEDED, 'Deadline exceeded'),
    );
  }

  sendHeaders(headers: Metadata): void {
    if (this.headers !== undefined || this.status !== undefined) return;
    this.headers = headers;
    this.client.look();
  }

  /** The server's end of the call. Requests that still come go nowhere. */
  finish(status: StatusObject): void {
    if (this.status !== undefined) return;
    this.#stopDeadline();
    this.status = status;
    this.responses.hasEnded = true;
    this.requests.drain();
    this.client.look();
  }

  /** The client's end, before the server's. */
  cut(code: Code, details: string): void {
    if (this.status !== undefined) return;
    this.finish({ code: code as number, details, metadata: new Metadata() });
    this.responses.drain();
    soon(() => this.server.emit('cancelled'));
  }
}

/** What both halves do: read one pipe, write the other, and tell of what has come when the other side has returned. */
abstract class Half extends EventEmitter {
  #isLooking = false;

  look(): void {
    if (this.#isLooking) return;
    this.#isLooking = true;
    soon(() => {
      this.#isLooking = false;
      this.tell();
    });
  }

  protected abstract tell(): void;
}

class ClientHalf extends Half implements ClientStream {
  readonly #call: LoopCall;
  #toldOf: 'nothing' | 'headers' | 'status' | 'end' = 'nothing';

  constructor(call: LoopCall) {
    super();
    this.#call = call;
  }

  get readableLength(): number {
    return this.#call.responses.size;
  }

  read(): Buffer | null {
    const message = this.#call.responses.read();
    if (this.#call.status !== undefined) this.look();
    return message;
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
    this.#call.cut(Code.CANCELLED, 'Cancelled on client');
  }

  protected tell(): void {
    const { headers, responses, status } = this.#call;
    if (this.#toldOf === 'nothing' && headers !== undefined) {
      this.#toldOf = 'headers';
      this.emit('metadata', headers);
    }
    if (responses.size > 0) this.emit('readable');
    if (status !== undefined && this.#toldOf !== 'status' && this.#toldOf !== 'end' && responses.isTaken) {
      this.#toldOf = 'status';
      this.emit('status', status);
    }
    if (this.#toldOf === 'status' && responses.size === 0) {
      this.#toldOf = 'end';
      this.emit('end');
    }
  }
}

class ServerHalf extends Half implements ServerStream {
  readonly metadata: Metadata;
  readonly #call: LoopCall;
  readonly #deadline: number;
  #hasToldEnd = false;

  constructor(call: LoopCall, metadata: Metadata, deadline: number) {
    super();
    this.#call = call;
    this.metadata = metadata;
    this.#deadline = deadline;
    this.on('error', (status: StatusObject) => call.finish(status));
  }

  get readableLength(): number {
    return this.#call.requests.size;
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

  read(): Buffer | null {
    const message = this.#call.requests.read();
    if (this.#call.requests.hasEnded) this.look();
    return message;
  }

  sendMetadata(headers: Metadata): void {
    this.#call.sendHeaders(headers);
  }

  write(message: Buffer, taken: Taken): void {
    this.#call.sendHeaders(new Metadata());
    this.#call.responses.write(message, taken);
    this.#call.client.look();
  }

  end(trailers: Metadata): void {
    this.#call.finish({ code: Code.OK, details: 'OK', metadata: trailers.clone() });
  }

  protected tell(): void {
    const { requests, status } = this.#call;
    if (status !== undefined) return;
    if (requests.size > 0) this.emit('readable');
    if (requests.size === 0 && requests.hasEnded && !this.#hasToldEnd) {
      this.#hasToldEnd = true;
      this.emit('end');
    }
  }
}
