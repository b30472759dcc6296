import { type Observable, Subscriber } from 'rxjs';
import { Gate } from '../backpressure/gate.ts';
import { queueBudget } from '../backpressure/memory-limit.ts';
import { OverflowError } from '../backpressure/overflow-error.ts';
import { RingQueue } from '../backpressure/ring-queue.ts';
import { ignoreFurther, PacedSubscriber } from '../backpressure/rxjs-internals.ts';
import { DirectionStats } from './direction-stats.ts';
import type { Encoder, InFlight, MessageSink } from './message-channel.ts';

const defaultInFlight: InFlight = { maxMessages: 12, maxBytes: 64 * 1024, minMessages: 1 };

/** A message in the queue counts for no fewer bytes: an empty one is an object, too. */
const MIN_QUEUED_BYTES = 64;

/** Default of {@link WriteOptions.maxQueuedBytes}: 64 MiB. */
const DEFAULT_MAX_QUEUED_BYTES = 64 * 1024 * 1024;

export interface WriteOptions<T> {
  /**
   * Whether the shape of the call has one message in this direction. It is sent when its source completes, because only then is it
   * certain to be the only one. Default: false.
   */
  readonly exactlyOne?: boolean | undefined;
  /** Called for each value of a stream as it comes, so that a value changed later is sent as it was. */
  readonly encode: (value: T) => Uint8Array;
  /** Encodes a value in memory of the sink, if the sink has such. Default: none. */
  readonly encoder?: Encoder<T> | undefined;
  /** The most bytes that a source which cannot wait may leave in the queue. A message counts for at least 64. Default: 64 MiB. */
  readonly maxQueuedBytes?: number | undefined;
  /** Counts the messages given to the sink, and knows whether their source waits for it. */
  readonly stats?: DirectionStats | undefined;
  /** The source has completed, and the sink has been given all its messages. */
  readonly complete: () => void;
  /**
   * The source has failed, or a value cannot be encoded, or the queue is full ({@link OverflowError}). Queued messages stay queued:
   * `flush` waits for them. (It is a parastats because a source may fail before {@link writeMessages} has returned.)
   */
  readonly error: (error: unknown, flush: MessageWriter['flush']) => void;
  /** The source gives no value, or a second one, where it should give one. It is unsubscribed. */
  readonly violated?: (values: 'none' | 'more') => void;
}

/** Writes the values of a source into a sink. */
export interface MessageWriter {
  /** The bytes that wait because their source could not. */
  readonly queuedBytes: number;
  /** Calls back when the sink has been given all that has come so far, at once if it has. */
  flush(then: () => void): void;
  /** Unsubscribes the source and drops what is queued. */
  stop(): void;
}

/** One of the two bridges: the values of an Observable into a sink. */
export function writeMessages<T>(source$: Observable<T>, sink: MessageSink, options: WriteOptions<T>): MessageWriter {
  return options.exactlyOne ? writeOne(source$, sink, options) : writeStream(source$, sink, options);
}

/**
 * Carries a Demand: ready while nothing is queued and fewer messages and bytes than the sink's {@link InFlight} have been given to
 * it and not yet taken.
 */
function writeStream<T>(source$: Observable<T>, sink: MessageSink, options: WriteOptions<T>): MessageWriter {
  const {
    encode,
    encoder,
    maxQueuedBytes = DEFAULT_MAX_QUEUED_BYTES,
    stats = new DirectionStats(),
    complete,
    error,
  } = options;
  const { maxMessages, maxBytes, minMessages } = sink.inFlightLimits ?? defaultInFlight;
  const queue = new RingQueue<Uint8Array>();
  const sizesInFlight = new RingQueue<number>();
  let queuedBytes = 0;
  let bytesInFlight = 0;
  let stopped = false;
  let flushed: (() => void) | undefined;

  const hasRoom = () =>
    sizesInFlight.size < maxMessages && (bytesInFlight < maxBytes || sizesInFlight.size < minMessages);
  const gate = new Gate(() => queue.size === 0 && hasRoom(), stats);

  const count = (byteLength: number): void => {
    stats.messages++;
    sizesInFlight.push(byteLength);
    bytesInFlight += byteLength;
  };

  const give = (bytes: Uint8Array): void => {
    count(bytes.byteLength);
    sink.write(bytes, taken);
  };

  // One function for all writes: Node then calls back for several in one turn.
  const taken = (writeError?: Error | null, messages = 1): void => {
    if (stopped || writeError) return; // a sink that broke has its own way to say so
    for (let i = 0; i < messages; i++) bytesInFlight -= sizesInFlight.shift() ?? 0;
    while (queue.size > 0 && hasRoom()) {
      const bytes = queue.shift()!;
      queuedBytes -= weight(bytes);
      queueBudget.release(weight(bytes));
      give(bytes);
    }
    if (queue.size > 0) return;
    const then = flushed;
    flushed = undefined;
    then?.();
    gate.wake();
  };

  const enqueue = (bytes: Uint8Array): void => {
    if (queuedBytes + weight(bytes) > maxQueuedBytes) throw overflow('this call', maxQueuedBytes);
    if (!queueBudget.take(weight(bytes))) throw overflow('all calls of this process', queueBudget.maxBytes);
    queuedBytes += weight(bytes);
    queue.push(bytes);
  };

  const flush = (then: () => void): void => {
    if (queue.size === 0) then();
    else flushed = then;
  };

  const stage = new PacedSubscriber<T>(
    {
      next: value => {
        const isAppended = encoder !== undefined && sink.appends === true && gate.ready;
        const message = isAppended ? sink.append!(encoder, value) : encode(value);
        if (typeof message === 'number') count(message);
        else if (gate.ready) give(message);
        else enqueue(message);
      },
      error: failure => error(failure, flush),
      complete: () => flush(complete),
    },
    gate,
  );
  const writer: MessageWriter = {
    get queuedBytes() {
      return queuedBytes;
    },
    flush,
    stop: () => {
      if (stopped) return;
      stopped = true;
      queueBudget.release(queuedBytes);
      queuedBytes = 0;
      queue.clear();
      stage.unsubscribe();
    },
  };
  source$.subscribe(stage);
  return writer;
}

const none = Symbol('no value');

function writeOne<T>(source$: Observable<T>, sink: MessageSink, options: WriteOptions<T>): MessageWriter {
  const writer = new OneWriter(sink, options);
  source$.subscribe(writer);
  return writer;
}

class OneWriter<T> extends Subscriber<T> implements MessageWriter {
  readonly queuedBytes: number = 0;
  readonly #sink: MessageSink;
  readonly #options: WriteOptions<T>;
  #value: T | typeof none = none;

  constructor(sink: MessageSink, options: WriteOptions<T>) {
    super();
    this.#sink = sink;
    this.#options = options;
  }

  flush(then: () => void): void {
    then();
  }

  stop(): void {
    this.unsubscribe();
  }

  protected override _next(value: T): void {
    if (this.#value === none) this.#value = value;
    else {
      ignoreFurther(this); // the source may emit more before it is unsubscribed
      this.#end(() => this.#options.violated?.('more'));
    }
  }

  protected override _error(error: unknown): void {
    this.#end(() => this.#options.error(error, this.flush));
  }

  protected override _complete(): void {
    const value = this.#value;
    this.#end(() => {
      try {
        if (value === none) this.#options.violated?.('none');
        else this.#write(value);
      } catch (error) {
        this.#options.error(error, this.flush);
      }
    });
  }

  #write(value: T): void {
    const { encode, stats, complete } = this.#options;
    const message = encode(value);
    if (stats !== undefined) stats.messages++;
    this.#sink.write(message, ignore);
    complete();
  }

  /** Only then is the source unsubscribed, for its teardown may throw. */
  #end(tell: () => void): void {
    try {
      tell();
    } finally {
      this.unsubscribe();
    }
  }
}

const ignore = (): void => {};

function weight({ byteLength }: Uint8Array): number {
  return Math.max(byteLength, MIN_QUEUED_BYTES);
}

function overflow(whose: string, maxBytes: number): OverflowError {
  return new OverflowError(
    `the messages that wait to be sent exceed the limit of ${maxBytes} bytes for ${whose}: their source does not wait. ` +
      'Use a source that does (pull), or choose what to drop before this point, or raise maxQueuedBytes',
  );
}
