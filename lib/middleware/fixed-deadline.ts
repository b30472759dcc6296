import { asyncScheduler } from 'rxjs';
import { MAX_TIMEOUT_MS } from '../core/deadline.ts';
import { isServerCall, type ServerCall } from '../core/server-call.ts';
import type { CallOptions } from '../core/service.ts';

/**
 * The same options with `timeoutMs` counted from now, for a middleware that lets a call wait or begin again: all of that time
 * is the call's. A ServerCall has its deadline already.
 */
export function fixDeadline<Call extends CallOptions | ServerCall>(call: Call): Call {
  const { timeoutMs, deadline }: CallOptions = isServerCall(call) ? {} : call;
  if (timeoutMs === undefined) return call;
  const { timeoutMs: _, ...options } = call as CallOptions;
  if (timeoutMs > MAX_TIMEOUT_MS) return options as Call; // no limit, as everywhere
  const byTimeout = asyncScheduler.now() + timeoutMs;
  return { ...options, deadline: new Date(Math.min(byTimeout, deadline?.getTime() ?? byTimeout)) } as Call;
}

/** When the call ends at the latest, in milliseconds since 1970; Infinity for never. */
export function endOf({ deadline, parent }: CallOptions): number {
  const never = Number.POSITIVE_INFINITY;
  return Math.min(deadline?.getTime() ?? never, parent?.deadline?.getTime() ?? never);
}
