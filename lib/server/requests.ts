import { Observable, type Subscriber, Subscription } from 'rxjs';
import { OneShot, refusal } from '../backpressure/one-shot.ts';
import type { DirectionStats } from '../call/direction-stats.ts';
import { type MessageSource, type ServerChannel, TRUNCATED, truncatedMessage } from '../call/message-channel.ts';
import { type Receiving, receive } from '../call/receive.ts';
import { type One, receiveOne } from '../call/receive-one.ts';
import { decoderOf } from '../codec/received.ts';
import { bindContext } from '../core/async-context.ts';
import type { Method } from '../core/method.ts';
import { RpcError } from '../core/rpc-error.ts';
import { Code } from '../core/status.ts';

type Source = Pick<ServerChannel, keyof MessageSource | 'isHalfCloseFinal'>;

/** Who runs the call. */
export interface RequestsOwner {
  readonly prefetch: number | undefined;
  readonly received: DirectionStats;
  /** The requests are not what they should be: the call cannot go on. */
  abort(error: RpcError): void;
}

/**
 * The requests of one call. A stream can be read once, because nothing of it is kept. A single request is kept until the call
 * ends and given to every subscriber, so that whatever is done with it can be retried.
 */
export class Requests {
  readonly request$: Observable<unknown>;
  readonly #source: Source;
  readonly #method: Method;
  readonly #owner: RequestsOwner;
  #reader: Subscriber<unknown> | undefined;
  /** The reading of the single request, whoever waits for it. */
  #reading: Subscription | undefined;
  /** Subscribers that wait for the single request, and what gives it to them. */
  #waiting: Map<Subscriber<unknown>, (request: One<unknown>) => void> | undefined;
  #request: One<unknown> | undefined;
  #receiving: Receiving | undefined;
  #isOver = false;
  #whyOver: RpcError | undefined;

  constructor(source: Source, method: Method, owner: RequestsOwner) {
    this.#source = source;
    this.#method = method;
    this.#owner = owner;
    this.request$ = method.requestStream
      ? new OneShot(reader => this.#subscribeToStream(reader))
      : new Observable(reader => this.#subscribeToOne(reader));
  }

  /** Messages have arrived, or the half-close. */
  readOn(): void {
    this.#receiving?.readOn();
  }

  /** The call is over: an error is told to who reads, else the reading just ends. Who subscribes later is told in any case. */
  end(error: RpcError | undefined): void {
    this.#isOver = true;
    this.#whyOver = error;
    this.#reading?.unsubscribe();
    this.#request = undefined;
    for (const reader of [this.#reader, ...(this.#waiting?.keys() ?? [])]) {
      if (error === undefined) reader?.unsubscribe();
      else reader?.error(error);
    }
  }

  #subscribeToStream(reader: Subscriber<unknown>): void {
    if (this.#reader !== undefined) {
      const { path } = this.#method;
      throw refusal(
        new Error(`${path}: request$ can be subscribed to once; share() it if two parts of the handler need it`),
      );
    }
    this.#reader = reader;
    if (this.#isOver) this.#tellOver(reader);
    else this.#readStream(reader);
  }

  #subscribeToOne(reader: Subscriber<unknown>): void {
    if (this.#isOver) this.#tellOver(reader);
    else if (this.#request !== undefined) give(this.#request, reader);
    else {
      const waiting = (this.#waiting ??= new Map());
      waiting.set(
        reader,
        bindContext(request => give(request, reader)),
      );
      reader.add(() => waiting.delete(reader));
      if (this.#reading === undefined) this.#readOne((this.#reading = new Subscription()));
    }
  }

  #tellOver(reader: Subscriber<unknown>): void {
    reader.error(this.#whyOver ?? new RpcError(Code.CANCELLED, 'the call has ended', { path: this.#method.path }));
  }

  #readStream(reader: Subscriber<unknown>): void {
    const { prefetch, received } = this.#owner;
    this.#receiving = receive<unknown>(this.#source, reader, {
      decode: bytes => this.#decode(bytes),
      decoder: decoderOf(this.#method.requestDeserialize),
      prefetch,
      meter: received,
      malformed: error => this.#malformed(error),
      end: () => {
        if (this.#source.isHalfCloseFinal) reader.complete();
        else afterTwoTurns(() => reader.complete());
      },
    });
  }

  #readOne(reading: Subscription): void {
    const { received } = this.#owner;
    const isNone = () => this.#abort(Code.UNIMPLEMENTED, 'expected one request, got none');
    this.#receiving = receiveOne<unknown>(this.#source, reading, {
      decode: bytes => this.#decode(bytes),
      isContextKnown: true,
      meter: received,
      malformed: error => this.#malformed(error),
      exceeded: () => this.#abort(Code.UNIMPLEMENTED, 'expected one request, got a second one'),
      end: request => {
        if (request !== undefined) {
          reading.unsubscribe();
          this.#request = request;
          for (const giveTo of [...(this.#waiting?.values() ?? [])]) giveTo(request);
        } else if (this.#source.isHalfCloseFinal) isNone();
        else afterTwoTurns(() => reading.closed || isNone());
      },
    });
  }

  #decode(bytes: Buffer): unknown {
    if (bytes === truncatedMessage) throw truncation;
    return this.#method.requestDeserialize(bytes);
  }

  #malformed(error: unknown): void {
    if (error === truncation) afterTwoTurns(() => this.#abort(Code.INTERNAL, TRUNCATED));
    else this.#abort(Code.INTERNAL, 'a request cannot be decoded', error);
  }

  /** Ends the call; its end is what errors request$. */
  #abort(code: Code, details: string, cause?: unknown): void {
    this.#owner.abort(new RpcError(code, details, { path: this.#method.path, cause }));
  }
}

function give(request: One<unknown>, reader: Subscriber<unknown>): void {
  reader.next(request.value);
  reader.complete();
}

const truncation = new Error(TRUNCATED);

/**
 * A cancelled upload first looks like one that was half-closed; that it was cancelled is known up to two turns of the event
 * loop later. Completing it at once would let its handler commit half of it.
 */
function afterTwoTurns(then: () => void): void {
  setImmediate(() => setImmediate(then));
}
