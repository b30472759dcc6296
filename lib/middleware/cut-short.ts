import { NEVER, Observable } from 'rxjs';
import type { CallOptions } from '../core/call-options.ts';
import { endOf, startDeadline } from '../core/deadline.ts';
import { onAbort } from '../core/on-abort.ts';
import { isServerCall, onCancelled, type ParentCall, type ServerCall } from '../core/server-call.ts';
import { Code } from '../core/status.ts';
import { failure } from './failure.ts';

/**
 * Errors as a client's call would when its signal aborts, its parent is cancelled or its deadline passes, and never
 * emits. For a middleware that delays a call, which therefore does not exist yet. (A server unsubscribes from the calls
 * that it aborts.)
 */
export function cutShort(path: string, call: CallOptions | ServerCall): Observable<never> {
  if (isServerCall(call)) return NEVER;
  const { signal, parent }: CallOptions = call;
  return new Observable(output => {
    const end = (code: Code, details: string, cause?: unknown) =>
      output.error(failure(call, code, details, { path, cause }));
    const abort = () => end(Code.CANCELLED, 'cancelled by its signal', signal?.reason);

    if (signal?.aborted) return abort();
    if (signal) output.add(onAbort(signal, abort));
    if (parent) {
      const cancelled = (reason: unknown) => end(Code.CANCELLED, 'cancelled by its parent call', reason);
      output.add((parent as ParentCall)[onCancelled](cancelled));
    }
    const endsAt = endOf(call);
    if (endsAt === Number.POSITIVE_INFINITY) return;
    output.add(startDeadline(new Date(endsAt), () => end(Code.DEADLINE_EXCEEDED, 'the deadline has passed')));
  });
}
