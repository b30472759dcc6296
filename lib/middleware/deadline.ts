import { asyncScheduler, defer } from 'rxjs';
import type { CallOptions } from '../core/call-options.ts';
import type { Middleware } from '../core/middleware.ts';
import { isServerCall, limitDeadline, type ParentCall } from '../core/server-call.ts';
import { checkOptions, kindOf, MAX_TIMER_MS } from '../core/validate.ts';

/** The limits; at least one of the two must be given. */
export interface DeadlineOptions {
  /** Milliseconds for a call without a deadline. Default: `maxMs`. */
  readonly defaultMs?: number | undefined;
  /** The most milliseconds for any call. Default: no limit. */
  readonly maxMs?: number | undefined;
}

/**
 * Limits how long calls may take; a number is the `defaultMs`. A call that takes longer ends with DEADLINE_EXCEEDED.
 *
 * `defaultMs` applies to calls without a deadline. On a client, these are calls without `deadline`, `timeoutMs`
 * (`Infinity` for a call without a limit) and a `parent` that has a deadline; on a server, calls whose caller sent no
 * deadline. `maxMs` shortens a later deadline, and never extends one. On a server, `call.deadline` is then the new
 * deadline, and further calls inherit it.
 *
 * The time counts from this middleware on. On a client, before `retry` it covers all attempts together; after `retry`,
 * each attempt.
 *
 * @throws RangeError when a time is not from 1 to 2^31 - 1 milliseconds (24 days), or `defaultMs` is more than `maxMs`;
 *   TypeError when neither is given.
 */
export function deadline(limits: number | DeadlineOptions): Middleware {
  const { defaultMs = NONE, maxMs = NONE } = check(typeof limits === 'number' ? { defaultMs: limits } : limits);
  return rpc => (request$, call) =>
    defer(() => {
      if (isServerCall(call)) {
        const isSaid = call.deadline !== undefined;
        if (!isSaid) limit(call, defaultMs, `the server ends calls without a deadline after ${defaultMs} ms`);
        limit(call, maxMs, `the server ends calls after ${maxMs} ms`);
        return rpc(request$, call);
      }
      const options: CallOptions = call;
      const isSaid = (options.deadline ?? options.timeoutMs ?? options.parent?.deadline) !== undefined;
      const timeoutMs = Math.min(options.timeoutMs ?? NONE, isSaid ? NONE : defaultMs, maxMs);
      return rpc(request$, timeoutMs === NONE ? call : { ...call, timeoutMs });
    });
}

const NONE = Number.POSITIVE_INFINITY;

function limit(call: ParentCall, ms: number, details: string): void {
  if (ms !== NONE) call[limitDeadline](new Date(asyncScheduler.now() + ms), details);
}

function check(limits: DeadlineOptions): DeadlineOptions {
  checkOptions('deadline', limits, ['defaultMs', 'maxMs']);
  const { defaultMs, maxMs } = limits;
  if (defaultMs === undefined && maxMs === undefined) {
    throw new TypeError('deadline: expected defaultMs or maxMs, got neither');
  }
  for (const [name, ms] of Object.entries({ defaultMs, maxMs })) {
    if (ms === undefined || (typeof ms === 'number' && ms >= 1 && ms <= MAX_TIMER_MS)) continue;
    throw new RangeError(`deadline: expected ${name} to be from 1 to ${MAX_TIMER_MS} milliseconds, got ${kindOf(ms)}`);
  }
  if (defaultMs !== undefined && maxMs !== undefined && defaultMs > maxMs) {
    throw new RangeError(`deadline: expected defaultMs to be no more than maxMs, got ${defaultMs} and ${maxMs}`);
  }
  return limits;
}
