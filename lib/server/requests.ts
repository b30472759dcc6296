import { Observable, Subscriber } from 'rxjs';
import { OneShot, refusal } from '../backpressure/one-shot.ts';
import type { DirectionStats } from '../call/direction-stats.ts';
import { type MessageSource, type ServerChannel, TRUNCATED, truncatedMessage } from '../call/message-channel.ts';
import { type MessageReader, readMessages } from '../call/read-messages.ts';
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
  /** The subscriber of a stream of requests. */
  #subscriber: Subscriber<unknown> | undefined;
  /** Receives the single request, for all that wait for it. */
  #single: Subscriber<unknown> | undefined;
  /** The subscribers that wait for the single request, with the functions that give it to them. */
  #waiting: Map<Subscriber<unknown>, (request: One) => void> | undefined;
  #request: One | undefined;
  #reader: MessageReader | undefined;
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
    this.#reader?.readOn();
  }

  /** The call is over: an error is told to who reads, else the reading just ends. Who subscribes later is told in any case. */
  end(error: RpcError | undefined): void {
    this.#isOver = true;
    this.#whyOver = error;
    this.#single?.unsubscribe();
    this.#request = undefined;
    for (const reader of [this.#subscriber, ...(this.#waiting?.keys() ?? [])]) {
      if (error === undefined) reader?.unsubscribe();
      else reader?.error(error);
    }
  }

  #subscribeToStream(reader: Subscriber<unknown>): void {
    if (this.#subscriber !== undefined) {
      const { path } = this.#method;
      throw refusal(
        new Error(`${path}: request$ can be subscribed to once; share() it if two parts of the handler need it`),
      );
    }
    this.#subscriber = reader;
    if (this.#isOver) this.#tellOver(reader);
    else this.#read(reader);
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
      if (this.#single === undefined) this.#read((this.#single = new Single(value => this.#arrived({ value }))));
    }
  }

  #tellOver(reader: Subscriber<unknown>): void {
    reader.error(this.#whyOver ?? new RpcError(Code.CANCELLED, 'the call has ended', { path: this.#method.path }));
  }

  #read(subscriber: Subscriber<unknown>): void {
    const { requestStream, requestDeserialize } = this.#method;
    const { prefetch, received } = this.#owner;
    this.#reader = readMessages<unknown>(this.#source, subscriber, {
      exactlyOne: !requestStream,
      decode: bytes => this.#decode(bytes),
      decoder: requestStream ? decoderOf(requestDeserialize) : undefined,
      prefetch,
      isContextKnown: !requestStream, // bindContext has looked in #subscribeToOne
      stats: received,
      complete: () => {
        if (requestStream) this.#whenFinal(() => subscriber.complete());
      },
      violated: messages => {
        if (messages === 'more') this.#abort(Code.UNIMPLEMENTED, 'expected one request, got a second one');
        else
          this.#whenFinal(() => subscriber.closed || this.#abort(Code.UNIMPLEMENTED, 'expected one request, got none'));
      },
      malformed: error => this.#malformed(error),
    });
  }

  #arrived(request: One): void {
    this.#single!.unsubscribe();
    this.#request = request;
    for (const giveTo of [...(this.#waiting?.values() ?? [])]) giveTo(request);
  }

  /** Runs work as soon as the half-close is certain not to be a cancellation. */
  #whenFinal(work: () => void): void {
    if (this.#source.isHalfCloseFinal) work();
    else afterTwoTurns(work);
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

/** Wraps a request: it may be undefined. */
interface One {
  readonly value: unknown;
}

class Single extends Subscriber<unknown> {
  readonly #arrived: (value: unknown) => void;

  constructor(arrived: (value: unknown) => void) {
    super();
    this.#arrived = arrived;
  }

  protected override _next(value: unknown): void {
    this.#arrived(value);
  }
}

function give(request: One, reader: Subscriber<unknown>): void {
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
