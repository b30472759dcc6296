import type { Subscriber } from 'rxjs';
import { pace } from '../backpressure/pace.ts';
import { RingQueue } from '../backpressure/ring-queue.ts';
import { bindContext, bindKnownContext } from '../core/async-context.ts';
import type { DirectionStats } from './direction-stats.ts';
import type { Decoder, MessageSource } from './message-channel.ts';

/** A source that is being read. */
export interface Receiving {
  /** Messages have arrived, or the end: reads on. */
  readOn(): void;
  /** Whether the subscriber is in its `next`. */
  readonly isDelivering: boolean;
  /** Whether the subscriber has, or is being given, all that has come. */
  readonly isDrained: boolean;
  /** Delivers nothing more. */
  stop(): void;
  /** Tells the end without waiting for the stream's own; only once, whoever tells it. */
  tellEnd(): void;
}

export interface ReceiveOptions<T> {
  readonly decode: (bytes: Buffer) => T;
  /** Does the same in memory of the stream, for messages that arrived together. Default: none. */
  readonly decoder?: Decoder<T> | undefined;
  /**
   * Messages that may be read ahead of what was delivered, 16 or more. Those beyond what the stream holds by itself are read when
   * no more than two thirds of them are left, so that they come in rows. Default: what the stream holds.
   */
  readonly prefetch?: number | undefined;
  /** That who calls has looked for an async context in this turn ({@link bindContext}). Default: false. */
  readonly isContextKnown?: boolean | undefined;
  /** Counts the messages delivered, and knows what they wait for. */
  readonly meter?: DirectionStats | undefined;
  /** The stream has ended and all it held was delivered. The subscriber is the caller's to complete or to fail. */
  readonly end: () => void;
  /** A message cannot be decoded; nothing more is read. */
  readonly malformed: (error: unknown) => void;
}

/**
 * The other bridge: a Readable into a subscriber, which is paced by all that stands below it. One message is read and
 * delivered before anybody is asked, and one after each time all were ready. What is held ahead is not yet decoded.
 * Unsubscribing stops the reading and leaves the stream as it is. All comes in the async context of the subscription.
 */
export function receive<T>(source: MessageSource, subscriber: Subscriber<T>, options: ReceiveOptions<T>): Receiving {
  const { decode, decoder, prefetch = 0, isContextKnown = false, meter, end, malformed } = options;
  const maxHeld = Math.max(0, prefetch - source.holds);
  const lowTide = Math.floor((maxHeld * 2) / 3);
  const held = new RingQueue<Buffer>();
  const readsRows = decoder !== undefined && source.readRow !== undefined && maxHeld === 0;
  let isFilling = true;
  let isDelivering = false;
  let isStopped = false;
  let hasToldEnd = false;

  const tellEnd = (): void => {
    if (hasToldEnd) return;
    hasToldEnd = true;
    end();
  };

  const read = (): Buffer | null => {
    fill();
    return held.shift() ?? (maxHeld === 0 ? source.read() : null);
  };

  const fill = (): void => {
    if (maxHeld === 0) return;
    if (held.size <= lowTide) isFilling = true;
    while (isFilling) {
      const bytes: Buffer | null = source.read();
      if (bytes === null) return;
      held.push(bytes);
      isFilling = held.size <= maxHeld; // one more than may be held: the one about to be delivered
    }
  };

  const produce = (): boolean => {
    if (isStopped) return false;
    const row = readsRows && held.size === 0 ? source.readRow!() : undefined;
    const bytes = row === undefined ? read() : undefined;
    if (bytes === null) {
      if (source.hasEnded) tellEnd();
      return false;
    }
    let message: T;
    try {
      message = bytes === undefined ? row!.decode(decoder!) : decode(bytes);
    } catch (error) {
      malformed(error);
      return false;
    }
    if (meter !== undefined) meter.messages++;
    isDelivering = true;
    subscriber.next(message);
    isDelivering = false;
    return true;
  };

  const run = pace(subscriber, produce, { unasked: 1, meter });
  const readOn = (isContextKnown ? bindKnownContext : bindContext)((): void => {
    if (subscriber.closed) return;
    fill();
    // The end needs no demand.
    if (source.hasEnded && held.size === 0 && source.size === 0) tellEnd();
    else run();
  });
  run();
  return {
    readOn,
    get isDelivering() {
      return isDelivering;
    },
    get isDrained() {
      return held.size === 0 && source.size === 0;
    },
    stop: () => {
      isStopped = true;
    },
    tellEnd,
  };
}
