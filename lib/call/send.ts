import type { Observable } from 'rxjs';
import { Gate } from '../backpressure/gate.ts';
import { queueBudget } from '../backpressure/memory-limit.ts';
import { OverflowError } from '../backpressure/overflow-error.ts';
import { RingQueue } from '../backpressure/ring-queue.ts';
import { PacedSubscriber } from '../backpressure/rxjs-internals.ts';
import { DirectionStats } from './direction-stats.ts';
import type { Encoder, InFlight, MessageSink } from './message-channel.ts';

const defaultInFlight: InFlight = { maxMessages: 12, maxBytes: 64 * 1024, minMessages: 1 };

/** A message in the queue counts for no fewer bytes: an empty one is an object, too. */
const MIN_QUEUED_BYTES = 64;

/** Default of {@link SendOptions.maxQueuedBytes}: 64 MiB. */
const DEFAULT_MAX_QUEUED_BYTES = 64 * 1024 * 1024;

export interface SendOptions<T> {
  /** Called for each value as it comes, so that a value changed later is sent as it was. */
  readonly encode: (value: T) => Uint8Array;
  /** Does the same in memory of the stream, where the stream has such. Default: none. */
  readonly encoder?: Encoder<T> | undefined;
  /** Bytes that a source which cannot wait may leave in the queue, where a message counts for 64 or more. Default: 64 MiB. */
  readonly maxQueuedBytes?: number | undefined;
  /** Counts the messages given to the stream, and knows whether their source waits for it. */
  readonly meter?: DirectionStats | undefined;
  /** The source has completed and all its messages have been given to the stream. */
  readonly complete: () => void;
  /**
   * The source has failed, or a value cannot be encoded, or the queue is full ({@link OverflowError}). What is queued stays
   * so: `flush` waits for it. (It is given because a source may fail before {@link send} has returned.)
   */
  readonly error: (error: unknown, flush: Sending['flush']) => void;
}

/** A source on its way into a stream. */
export interface Sending {
  /** Bytes that wait because their source could not. */
  readonly queuedBytes: number;
  /** Calls back when all that came so far has been given to the stream, at once if it has. */
  flush(then: () => void): void;
  /** Unsubscribes the source and drops what is queued. */
  stop(): void;
}

/**
 * One of the two bridges: an Observable into a Writable. Carries a Demand: ready while nothing is queued and fewer messages
 * and bytes than the stream's {@link InFlight} have been given to it without its taking them.
 */
export function send<T>(source$: Observable<T>, stream: MessageSink, options: SendOptions<T>): Sending {
  const {
    encode,
    encoder,
    maxQueuedBytes = DEFAULT_MAX_QUEUED_BYTES,
    meter = new DirectionStats(),
    complete,
    error,
  } = options;
  const { maxMessages, maxBytes, minMessages } = stream.inFlightLimits ?? defaultInFlight;
  const queue = new RingQueue<Uint8Array>();
  const sizesInFlight = new RingQueue<number>();
  let queuedBytes = 0;
  let bytesInFlight = 0;
  let stopped = false;
  let flushed: (() => void) | undefined;

  const hasRoom = () =>
    sizesInFlight.size < maxMessages && (bytesInFlight < maxBytes || sizesInFlight.size < minMessages);
  const gate = new Gate(() => queue.size === 0 && hasRoom(), meter);

  const count = (byteLength: number): void => {
    meter.messages++;
    sizesInFlight.push(byteLength);
    bytesInFlight += byteLength;
  };

  const give = (bytes: Uint8Array): void => {
    count(bytes.byteLength);
    stream.write(bytes, taken);
  };

  // One function for all writes: Node then calls back for several in one turn.
  const taken = (writeError?: Error | null, messages = 1): void => {
    if (stopped || writeError) return; // a broken stream has its own way to say so
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
        const isAppended = encoder !== undefined && stream.appends === true && gate.ready;
        const message = isAppended ? stream.append!(encoder, value) : encode(value);
        if (typeof message === 'number') count(message);
        else if (gate.ready) give(message);
        else enqueue(message);
      },
      error: failure => error(failure, flush),
      complete: () => flush(complete),
    },
    gate,
  );
  const sending: Sending = {
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
  return sending;
}

function weight({ byteLength }: Uint8Array): number {
  return Math.max(byteLength, MIN_QUEUED_BYTES);
}

function overflow(whose: string, maxBytes: number): OverflowError {
  return new OverflowError(
    `the messages that wait to be sent exceed the limit of ${maxBytes} bytes for ${whose}: their source does not wait. ` +
      'Use a source that does (pull), or choose what to drop before this point, or raise maxQueuedBytes',
  );
}
