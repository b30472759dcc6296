import { Code, isRpcError, type RpcErrorLike } from 'rx-grpc';
import { defer, type Observable, retry, tap, throwError, timer } from 'rxjs';
import type { Entry, ReadRequest } from '../gen/journal.ts';

export interface Patience {
  /** Failures in a row after which it gives up. */
  readonly tries: number;
  /** Before the second try; twice as long before each one after it. */
  readonly backoffMs: number;
  readonly maxBackoffMs: number;
  /** Told before each wait. */
  readonly onWait?: (error: RpcErrorLike, waitMs: number, last: number) => void;
}

/**
 * The entries of a journal, each once and in order, however often the server goes away meanwhile: a call that breaks is
 * made anew, from the entry after the last one that came. (For all calls of a client at once there is `retry({ resume })` in
 * `rx-grpc/middleware`.)
 */
export function readAll(
  read: (request: ReadRequest) => Observable<Entry>,
  { tries, backoffMs, maxBackoffMs, onWait }: Patience,
): Observable<Entry> {
  return defer(() => {
    let last = 0;
    return defer(() => read({ after: last })).pipe(
      tap(({ number }) => {
        last = number;
      }),
      retry({
        count: tries - 1,
        resetOnSuccess: true,
        delay: (error, failures) => {
          if (!isRpcError(error, Code.UNAVAILABLE)) return throwError(() => error); // it would be the same the next time
          const waitMs = Math.min(backoffMs * 2 ** (failures - 1), maxBackoffMs);
          onWait?.(error, waitMs, last);
          return timer(waitMs);
        },
      }),
    );
  });
}
