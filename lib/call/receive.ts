import type { Subscriber } from 'rxjs';
import { pace } from '../backpressure/pace.ts';
import { RingQueue } from '../backpressure/ring-queue.ts';
import { bindContext, bindKnownContext } from '../core/async-context.ts';
import { MIN_PREFETCH } from '../core/call-options.ts';
import type { DirectionStats } from './direction-stats.ts';

/** Decodes a message in memory of the transport. Codec and transport agree on what that is. */
export type Decoder<T> = (memory: any) => T;

/** Messages that arrived together, at least one. */
export interface MessageRow {
  /** Messages that are left. */
  readonly size: number;
  shift(): Buffer;
  /** Decodes the next message where it lies, and removes it. */
  decode<T>(decoder: Decoder<T>): T;
}

/** What is read of a Readable. */
export interface ByteSource {
  /** Messages that it holds by itself. Default: 16. */
  readonly holds?: number | undefined;
  read(): Buffer | null;
  /** Reads the next message if it is in a row. The caller removes the message from the row. */
  readRow?(): MessageRow | undefined;
  readonly readableLength: number;
  on(event: 'readable' | 'end', listener: () => void): unknown;
  off(event: 'readable' | 'end', listener: () => void): unknown;
}

/** A stream that is being read. */
export interface Receiving {
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
export function receive<T>(stream: ByteSource, subscriber: Subscriber<T>, options: ReceiveOptions<T>): Receiving {
  const { decode, decoder, prefetch = 0, isContextKnown = false, meter, end, malformed } = options;
  const maxHeld = Math.max(0, prefetch - (stream.holds ?? MIN_PREFETCH));
  const lowTide = Math.floor((maxHeld * 2) / 3);
  const held = new RingQueue<Buffer>();
  const readsRows = decoder !== undefined && stream.readRow !== undefined && maxHeld === 0;
  let isFilling = true;
  let isDelivering = false;
  let isStopped = false;
  let hasEnded = false;
  let hasToldEnd = false;

  const tellEnd = (): void => {
    if (hasToldEnd) return;
    hasToldEnd = true;
    end();
  };

  const read = (): Buffer | null => {
    fill();
    return held.shift() ?? (maxHeld === 0 ? stream.read() : null);
  };

  const fill = (): void => {
    if (maxHeld === 0) return;
    if (held.size <= lowTide) isFilling = true;
    while (isFilling) {
      const bytes: Buffer | null = stream.read();
      if (bytes === null) return;
      held.push(bytes);
      isFilling = held.size <= maxHeld; // one more than may be held: the one about to be delivered
    }
  };

  const produce = (): boolean => {
    if (isStopped) return false;
    const row = readsRows && held.size === 0 ? stream.readRow!() : undefined;
    const bytes = row === undefined ? read() : undefined;
    if (bytes === null) {
      if (hasEnded) tellEnd();
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

  const onEnd = (isContextKnown ? bindKnownContext : bindContext)((): void => {
    hasEnded = true;
    if (held.size === 0) tellEnd();
  });
  const run = pace(subscriber, produce, { unasked: 1, meter });
  const onReadable = bindKnownContext((): void => {
    fill();
    if (stream.readableLength === 0) seeWhetherItEnds();
    run();
  });
  // A stream that has nothing left ends when it is read once more: that is worth no demand.
  const seeWhetherItEnds = (): void => {
    const bytes: Buffer | null = stream.read();
    if (bytes !== null) held.push(bytes);
  };
  stream.on('readable', onReadable);
  stream.on('end', onEnd);
  subscriber.add(() => {
    stream.off('readable', onReadable);
    stream.off('end', onEnd);
  });
  run();
  return {
    get isDelivering() {
      return isDelivering;
    },
    get isDrained() {
      return held.size === 0 && stream.readableLength === 0;
    },
    stop: () => {
      isStopped = true;
    },
    tellEnd,
  };
}
