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
  /** Calls at a time, from 1. */
  readonly max: number;
  /** Calls that may wait for one of those to end, from 0. Default: 0. */
  readonly maxQueued?: number | undefined;
}

export type ConcurrencyLimit = Middleware & {
  /** Calls that run now. */
  readonly running: number;
  /** Calls that wait now. */
  readonly queued: number;
};

/**
 * Lets so many calls run at a time, of all methods, clients and servers that this instance is given to, and so many more wait for their turn, in
 * the order of arrival. One more ends at once with RESOURCE_EXHAUSTED.
 *
 * A call has its place until it ends or is unsubscribed from; whoever unsubscribes while it waits has left the queue. Nothing of
 * a call that waits is begun: its requests are not subscribed to. The waiting is part of its time: a client's call ends with
 * DEADLINE_EXCEEDED when its deadline passes, and with CANCELLED when its signal or parent says so.
 *
 * A call that is made within another, through the same instance, may wait for what waits for it: each side has one of its own.
 *
 * @throws RangeError when a limit is not what it should be.
 */
export function concurrencyLimit(options: ConcurrencyLimitOptions): ConcurrencyLimit {
  checkOptions('concurrencyLimit', options, ['max', 'maxQueued']);
  const { max, maxQueued = 0 } = options;
  checkLimit('max', max, 1);
  checkLimit('maxQueued', maxQueued, 0);
  const places = new Semaphore(max, maxQueued);
  const refusal =
    `${max} calls run and ${maxQueued} wait, as many as may (concurrencyLimit): ` +
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
          output.add(places.enter(AsyncResource.bind(start))); // it is another call's end that starts it
        }
      });
  return Object.defineProperties(middleware, {
    running: { get: () => places.running },
    queued: { get: () => places.queued },
  }) as ConcurrencyLimit;
}

/** The call, which leaves its place once; before its end is passed on, where the next call may begin. */
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
