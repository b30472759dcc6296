import { defer, fromEvent, type Observable, of, take } from 'rxjs';

/** Emits when the signal aborts, at once when it has, and completes. */
export function aborted$(signal: AbortSignal): Observable<unknown> {
  return defer(() => (signal.aborted ? of(signal.reason) : fromEvent(signal, 'abort').pipe(take(1))));
}
