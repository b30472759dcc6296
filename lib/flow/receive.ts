import type { Readable } from 'node:stream';
import type { Subscriber } from 'rxjs';
import { pace } from './pace.ts';

export interface ReceiveOptions<T> {
  readonly decode: (bytes: Buffer) => T;
  /** The stream has ended and all it held was delivered. The subscriber is the caller's to complete or to fail. */
  readonly end: () => void;
  /** A message cannot be decoded; nothing more is read. */
  readonly malformed: (error: unknown) => void;
}

/**
 * The other bridge: a Readable into a subscriber, which is paced by all that stands below it. One message is read and
 * delivered before anybody is asked, and one after each time all were ready. What the stream holds ahead is its
 * highWaterMark (16 messages in grpc-js). Unsubscribing stops the reading and leaves the stream as it is.
 */
export function receive<T>(stream: Readable, subscriber: Subscriber<T>, options: ReceiveOptions<T>): void {
  const { decode, end, malformed } = options;

  const run = pace(
    subscriber,
    () => {
      const bytes: Buffer | null = stream.read();
      if (bytes === null) return false;
      let message: T;
      try {
        message = decode(bytes);
      } catch (error) {
        malformed(error);
        return false;
      }
      subscriber.next(message);
      return true;
    },
    1,
  );

  stream.on('readable', run);
  stream.on('end', end);
  subscriber.add(() => {
    stream.off('readable', run);
    stream.off('end', end);
  });
  run();
}
