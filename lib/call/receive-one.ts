import type { Subscription } from 'rxjs';
import { bindContext, bindKnownContext } from '../core/async-context.ts';
import type { DirectionStats } from './direction-stats.ts';
import type { MessageSource } from './message-channel.ts';
import type { Receiving } from './receive.ts';

export interface ReceiveOneOptions<T> {
  readonly decode: (bytes: Buffer) => T;
  /** That who calls has looked for an async context in this turn ({@link bindContext}). Default: false. */
  readonly isContextKnown?: boolean | undefined;
  readonly meter: DirectionStats;
  /** The stream has ended; with its one message, or without any. */
  readonly end: (message: One<T> | undefined) => void;
  /** There is a second message; nothing more is read. */
  readonly exceeded: () => void;
  /** A message cannot be decoded; nothing more is read. */
  readonly malformed: (error: unknown) => void;
}

/** In an object, for a message may be undefined. */
export interface One<T> {
  readonly value: T;
}

/**
 * For the shapes that have one message in a direction: reads it, and waits for the end, so that nobody acts on it before it is
 * certain to be the only one. Unsubscribing `reading` stops it and leaves the stream as it is.
 */
export function receiveOne<T>(source: MessageSource, reading: Subscription, options: ReceiveOneOptions<T>): Receiving {
  const { decode, isContextKnown = false, meter, end, exceeded, malformed } = options;
  let message: One<T> | undefined;
  let hasToldEnd = false;

  const tellEnd = (): void => {
    if (hasToldEnd || reading.closed) return;
    hasToldEnd = true;
    end(message);
  };

  const readOn = (): void => {
    while (!reading.closed) {
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
      if (message !== undefined) {
        exceeded();
        return;
      }
      message = { value };
      meter.messages++;
    }
  };
  const readOnInContext = (isContextKnown ? bindKnownContext : bindContext)(readOn);
  readOn();
  return {
    readOn: readOnInContext,
    isDelivering: false,
    get isDrained() {
      return source.size === 0;
    },
    stop: () => {},
    tellEnd,
  };
}
