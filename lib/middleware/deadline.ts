import { asyncScheduler, defer } from 'rxjs';
import type { CallOptions } from '../core/call-options.ts';
import type { Middleware } from '../core/middleware.ts';
import { isServerCall, limitDeadline, type ParentCall } from '../core/server-call.ts';
import { checkOptions, kindOf, MAX_TIMER_MS } from '../core/validate.ts';

/** At least one of the two. */
export interface DeadlineOptions {
  /** Milliseconds for a call of which nobody has said how long it may take. Default: `maxMs`. */
  readonly defaultMs?: number | undefined;
  /** Milliseconds for any call, whatever was said of it. Default: no limit. */
  readonly maxMs?: number | undefined;
}

/**
 * Limits how long calls may take: a number is `defaultMs`. They end with DEADLINE_EXCEEDED.
 *
 * `defaultMs` never changes what somebody has said. On a client that is a `deadline`, a `timeoutMs` (`Infinity` for a call
 * without a limit) or a `parent` that has a deadline; on a server the deadline that the caller sent. `maxMs` makes a later
 * deadline an earlier one, never the reverse. On a server `call.deadline` is then the new one, and further calls inherit it.
 *
 * The time counts from where it stands: on a client before `retry` it is for all attempts together, behind it for each.
 *
 * @throws RangeError when a time is not from 1 to 2^31 - 1 milliseconds (24 days), or `defaultMs` is more than `maxMs`.
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
