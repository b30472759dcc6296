import { Readable, Writable } from 'node:stream';
import { Observable } from 'rxjs';
import { type MessageReader, readMessages } from '../../../lib/call/read-messages.ts';
import { writeMessages } from '../../../lib/call/write-messages.ts';
import { StreamMessages } from '../../../lib/grpc-js/stream-messages.ts';

/** The messages that the simulated wire holds besides those in `writeMessages` and those that `readMessages` has read ahead. */
const WINDOW = 2;
/**
 * The maximum that one hop over it holds: written and not completed, in the window, read ahead by the stream, and one being
 * delivered.
 */
export const HOP = 12 + WINDOW + 16 + 1;

/**
 * A hop over a simulated wire: `writeMessages`, two streams with a window between them, `readMessages`. An error of the source
 * arrives after the messages before it, like the status of a server.
 */
export function overWire(source$: Observable<number>): Observable<number> {
  return new Observable(output => {
    const window: number[] = [];
    let sent: (() => void) | undefined;
    let wanted = false;
    let failure: { readonly error: unknown } | undefined;

    const deliver = (): void => {
      while (wanted && window.length > 0) wanted = readable.push(window.shift());
      if (window.length < WINDOW) {
        const next = sent;
        sent = undefined;
        if (next) setImmediate(next);
      }
    };
    const readable = new Readable({
      objectMode: true,
      read: () => {
        wanted = true;
        deliver();
      },
    });
    const writable = new Writable({
      objectMode: true,
      write: (message, _encoding, callback) => {
        window.push(message.value);
        sent = callback;
        deliver();
      },
      final: callback => {
        window.push(null as unknown as number);
        deliver();
        callback();
      },
    });
    const sending = writeMessages<number>(source$, writable, {
      encode: value => Object.assign(new Uint8Array(1), { value }),
      complete: () => writable.end(),
      error: (error, flush) => {
        failure = { error };
        flush(() => writable.end());
      },
    });
    output.add(() => sending.stop());
    const messages: StreamMessages = new StreamMessages(readable, () => reader?.readOn());
    const reader: MessageReader = readMessages<number>(messages, output, {
      decode: value => value as unknown as number,
      complete: () => (failure ? output.error(failure.error) : output.complete()),
      malformed: error => output.error(error),
    });
  });
}
