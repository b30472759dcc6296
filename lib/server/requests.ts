import type { Observable, Subscriber } from 'rxjs';
import type { Meter } from '../flow/meter.ts';
import { OneShot, refusal } from '../flow/one-shot.ts';
import { receive } from '../flow/receive.ts';
import { receiveOne } from '../flow/receive-one.ts';
import { TRUNCATED, truncatedMessage } from '../grpc-js/whole-frames.ts';
import type { Method } from '../rpc.ts';
import { Code, RpcError } from '../status.ts';
import type { ServerStream } from './transport.ts';

/** Who runs the call. */
export interface RequestsOwner {
  readonly prefetch: number | undefined;
  readonly received: Meter;
  /** The half-close can be believed at once. */
  readonly isEndCertain: boolean;
  /** The requests are not what they should be: the call cannot go on. */
  cut(error: RpcError): void;
}

/** The requests of one call. */
export class Requests {
  readonly request$: Observable<unknown> = new OneShot(reader => this.#read(reader));
  readonly #stream: ServerStream;
  readonly #method: Method;
  readonly #owner: RequestsOwner;
  #reader: Subscriber<unknown> | undefined;
  #isOver = false;
  #whyOver: RpcError | undefined;

  constructor(stream: ServerStream, method: Method, owner: RequestsOwner) {
    this.#stream = stream;
    this.#method = method;
    this.#owner = owner;
  }

  /** The call is over: an error is told to who reads, else the reading just ends. Who subscribes later is told in any case. */
  end(error: RpcError | undefined): void {
    this.#isOver = true;
    this.#whyOver = error;
    if (error === undefined) this.#reader?.unsubscribe();
    else this.#reader?.error(error);
  }

  #read(reader: Subscriber<unknown>): void {
    const { path, requestStream } = this.#method;
    if (this.#reader !== undefined) {
      throw refusal(
        new Error(`${path}: request$ can be subscribed to once; share() it if two parts of the handler need it`),
      );
    }
    this.#reader = reader;
    if (this.#isOver) reader.error(this.#whyOver ?? new RpcError(Code.CANCELLED, 'the call has ended', { path }));
    else if (requestStream) this.#readStream(reader);
    else this.#readOne(reader);
  }

  #readStream(reader: Subscriber<unknown>): void {
    const { prefetch, received, isEndCertain } = this.#owner;
    receive<unknown>(this.#stream, reader, {
      decode: bytes => this.#decode(bytes),
      prefetch,
      meter: received,
      malformed: error => this.#malformed(error),
      end: () => {
        if (isEndCertain) reader.complete();
        else afterTwoTurns(() => reader.complete());
      },
    });
  }

  #readOne(reader: Subscriber<unknown>): void {
    const { received, isEndCertain } = this.#owner;
    const isNone = () => this.#cut(Code.UNIMPLEMENTED, 'expected one request, got none');
    receiveOne<unknown>(this.#stream, reader, {
      decode: bytes => this.#decode(bytes),
      meter: received,
      malformed: error => this.#malformed(error),
      exceeded: () => this.#cut(Code.UNIMPLEMENTED, 'expected one request, got a second one'),
      end: request => {
        if (request !== undefined) {
          reader.next(request.value);
          reader.complete();
        } else if (isEndCertain) isNone();
        else afterTwoTurns(() => reader.closed || isNone());
      },
    });
  }

  #decode(bytes: Buffer): unknown {
    if (bytes === truncatedMessage) throw truncation;
    return this.#method.requestDeserialize(bytes);
  }

  #malformed(error: unknown): void {
    if (error === truncation) afterTwoTurns(() => this.#cut(Code.INTERNAL, TRUNCATED));
    else this.#cut(Code.INTERNAL, 'a request cannot be decoded', error);
  }

  /** Ends the call; its end is what errors request$. */
  #cut(code: Code, details: string, cause?: unknown): void {
    this.#owner.cut(new RpcError(code, details, { path: this.#method.path, cause }));
  }
}

const truncation = new Error(TRUNCATED);

/**
 * A cancelled upload first looks like one that was half-closed; that it was cancelled is known up to two turns of the event
 * loop later. Completing it at once would let its handler commit half of it.
 */
function afterTwoTurns(then: () => void): void {
  setImmediate(() => setImmediate(then));
}
