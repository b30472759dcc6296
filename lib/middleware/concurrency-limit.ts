import { AsyncResource } from 'node:async_hooks';
import { defer, Observable, tap } from 'rxjs';
import type { CallOptions } from '../core/call-options.ts';
import { fixDeadline } from '../core/deadline.ts';
import type { Middleware, Rpc } from '../core/middleware.ts';
import type { ServerCall } from '../core/server-call.ts';
import { Code } from '../core/status.ts';
import { checkOptions, kindOf } from '../core/validate.ts';
import { cutShort } from './cut-short.ts';
import { failure } from './failure.ts';
import { Semaphore } from './semaphore.ts';

export interface ConcurrencyLimitOptions {
  /** The most calls that run at a time, from 1. */
  readonly max: number;
  /** The most calls that wait for a running call to end, from 0. Default: 0. */
  readonly maxQueued?: number | undefined;
}

export type ConcurrencyLimit = Middleware & {
  /** The number of running calls. */
  readonly running: number;
  /** The number of waiting calls. */
  readonly queued: number;
};

/**
 * Limits how many calls run at a time, over all methods, clients and servers that share this instance. Up to
 * `maxQueued` further calls wait, in the order of arrival. One more ends at once with RESOURCE_EXHAUSTED.
 *
 * A call counts until it ends or is unsubscribed. A waiting call starts nothing: its requests are not subscribed to.
 * Unsubscribing from a waiting call removes it from the queue. The waiting is part of the call's time: a client's call
 * ends with DEADLINE_EXCEEDED at its deadline, and with CANCELLED when its signal aborts or its parent is cancelled.
 *
 * A call made within another through the same instance can deadlock: it may wait for the call that waits for it. Give
 * the client and the server an instance each.
 *
 * @throws RangeError when `max` is less than 1, `maxQueued` is less than 0, or either is not an integer or Infinity.
 */
export function concurrencyLimit(options: ConcurrencyLimitOptions): ConcurrencyLimit {
  checkOptions('concurrencyLimit', options, ['max', 'maxQueued']);
  const { max, maxQueued = 0 } = options;
  checkLimit('max', max, 1);
  checkLimit('maxQueued', maxQueued, 0);
  const places = new Semaphore(max, maxQueued);
  const refusal =
    `${max} calls run and ${maxQueued} wait, the most that concurrencyLimit allows: ` +
    'call again later, or raise max or maxQueued';

  const middleware: Middleware =
    (rpc, { path }) =>
    (request$, call) =>
      new Observable(output => {
        if (places.isFull) output.error(failure(call, Code.RESOURCE_EXHAUSTED, refusal, { path }));
        else if (places.isFree) places.enter(() => run(places, rpc, request$, call).subscribe(output));
        else {
          const fixed = fixDeadline(call);
          const waiting = cutShort(path, fixed).subscribe({ error: error => output.error(error) });
          const start = () => {
            waiting.unsubscribe();
            run(places, rpc, request$, fixed).subscribe(output);
          };
          output.add(waiting);
          output.add(places.enter(AsyncResource.bind(start))); // it is started by the end of another call, in that call's context
        }
      });
  return Object.defineProperties(middleware, {
    running: { get: () => places.running },
    queued: { get: () => places.queued },
  }) as ConcurrencyLimit;
}

/**
 * Runs a call, and releases its permit exactly once. It does so before the end is passed on, because the end may start
 * the next call.
 */
function run<Call extends CallOptions | ServerCall>(
  places: Semaphore,
  rpc: Rpc<Call>,
  request$: Observable<any>,
  call: Call,
): Observable<any> {
  return new Observable(output => {
    let hasLeft = false;
    const leave = () => {
      if (hasLeft) return;
      hasLeft = true;
      places.leave();
    };
    defer(() => rpc(request$, call))
      .pipe(tap({ error: leave, complete: leave }))
      .subscribe(output);
    output.add(leave);
  });
}

function checkLimit(name: string, limit: unknown, from: number): void {
  if (limit === Number.POSITIVE_INFINITY || (Number.isInteger(limit) && (limit as number) >= from)) return;
  throw new RangeError(`concurrencyLimit: expected ${name} to be ${from} or more calls, got ${kindOf(limit)}`);
}
