import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { type ClientOf, pull } from 'rx-grpc';
import { defer, filter, finalize, map, type Observable, takeWhile } from 'rxjs';
import type { Greeter } from '../gen/greeter-chat.ts';

/**
 * What a person types is the requests, what comes back is told: one pipeline through the call. `EXIT`, or the end of the
 * input, completes the requests; the replies that are still due come, and then the server's end. When the call
 * ends first (an error, a deadline, Ctrl-C), the requests are unsubscribed from, though a line is being waited for.
 */
export function chat(greeter: ClientOf<typeof Greeter>, input: Readable, timeoutMs: number): Observable<string> {
  return linesOf(input).pipe(
    map(line => line.trim()),
    takeWhile(line => line.toUpperCase() !== 'EXIT'),
    filter(line => line !== ''),
    map(name => ({ name })),
    request$ => greeter.bidiHello(request$, { timeoutMs }),
    map(({ reply }) => `AI:  ${reply}`),
  );
}

/** The input is paused when a line waits for the server, and let go at the end, whoever ends it. */
function linesOf(input: Readable): Observable<string> {
  return defer(() => {
    const lines = createInterface({ input });
    return pull(lines).pipe(finalize(() => lines.close()));
  });
}
