import type { Subscriber } from 'rxjs';
import { pace } from '../backpressure/pace.ts';
import { RingQueue } from '../backpressure/ring-queue.ts';
import { bindContext, bindKnownContext } from '../core/async-context.ts';
import type { DirectionStats } from './direction-stats.ts';
import type { Decoder, MessageSource } from './message-channel.ts';

export interface ReadOptions<T> {
  /**
   * Whether the shape of the call has one message in this direction. It is delivered when the source has ended, because only then is
   * it certain to be the only one. Default: false.
   */
  readonly exactlyOne?: boolean | undefined;
  readonly decode: (bytes: Buffer) => T;
  /** Decodes messages that arrived together, in memory of the source. Default: none. */
  readonly decoder?: Decoder<T> | undefined;
  /**
   * The messages of a stream that may be read ahead of those delivered. The source holds some of them by itself. The others are read
   * when no more than two thirds of them are left, so that they arrive in rows. Default: what the source holds.
   */
  readonly prefetch?: number | undefined;
  /** Whether the caller has looked for an async context in this turn ({@link bindContext}). Default: false. */
  readonly isContextKnown?: boolean | undefined;
  /** Counts the messages delivered, and knows what they wait for. */
  readonly stats?: DirectionStats | undefined;
  /** The source has ended. Returns false if the call has ended in another way than OK; then nothing more is delivered. Default: true. */
  readonly hasEndedWell?: () => boolean;
  /** All messages have been delivered. Completes the subscriber. */
  readonly complete: () => void;
  /** There is no message, or a second one, where there should be one. Nothing more is read. */
  readonly violated?: (messages: 'none' | 'more') => void;
  /** A message cannot be decoded. Nothing more is read. */
  readonly malformed: (error: unknown) => void;
}

/** Reads a source into a subscriber. */
export interface MessageReader {
  /** Messages have arrived, or the end: reads on. */
  readOn(): void;
  /** Whether the subscriber is in its `next`. */
  readonly isDelivering: boolean;
  /** Whether all messages that have arrived were delivered, or are being delivered. */
  readonly isDrained: boolean;
  /** Delivers nothing more. */
  stop(): void;
  /** Tells the end without waiting for the source. Does nothing when the end was told. */
  tellEnd(): void;
}

/**
 * One of the two bridges: received messages into a subscriber, which is paced by all that stands below it. Unsubscribing stops the
 * reading and leaves the source as it is. Everything is delivered in the async context of the subscription.
 */
export function readMessages<T>(
  source: MessageSource,
  subscriber: Subscriber<T>,
  options: ReadOptions<T>,
): MessageReader {
  return options.exactlyOne ? readOne(source, subscriber, options) : readStream(source, subscriber, options);
}

/**
 * Reads and delivers one message without demand, and then one each time that every stage below is ready. Messages that were read
 * ahead are not decoded yet.
 */
function readStream<T>(source: MessageSource, subscriber: Subscriber<T>, options: ReadOptions<T>): MessageReader {
  const { decode, decoder, prefetch = 0, isContextKnown = false, stats, hasEndedWell, complete, malformed } = options;
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
    if (hasEndedWell === undefined || hasEndedWell()) complete();
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
    if (stats !== undefined) stats.messages++;
    isDelivering = true;
    subscriber.next(message);
    isDelivering = false;
    return true;
  };

  const run = pace(subscriber, produce, { unasked: 1, meter: stats });
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

const none = Symbol('no message');

/** Reads one message, and waits for the end. */
function readOne<T>(source: MessageSource, subscriber: Subscriber<T>, options: ReadOptions<T>): MessageReader {
  const { decode, isContextKnown = false, stats, hasEndedWell, complete, violated, malformed } = options;
  let message: T | typeof none = none;
  let hasToldEnd = false;

  const tellEnd = (): void => {
    if (hasToldEnd || subscriber.closed) return;
    hasToldEnd = true;
    if (hasEndedWell !== undefined && !hasEndedWell()) return;
    if (message === none) violated?.('none');
    else {
      subscriber.next(message);
      complete();
    }
  };

  const read = (): void => {
    while (!subscriber.closed) {
      const bytes = source.read();
      if (bytes === null) {
        if (source.hasEnded) tellEnd();
        return;
      }
      let value: T;
      try {
        value = decode(bytes);
      } catch (error) {
        malformed(error);
        return;
      }
      if (message !== none) {
        violated?.('more');
        return;
      }
      message = value;
      if (stats !== undefined) stats.messages++;
    }
  };
  const readOn = (isContextKnown ? bindKnownContext : bindContext)(read);
  read();
  return {
    readOn,
    isDelivering: false,
    get isDrained() {
      return source.size === 0;
    },
    stop: () => {},
    tellEnd,
  };
}
