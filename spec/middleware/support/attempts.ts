import { asyncScheduler, Observable, of, throwError } from 'rxjs';
import type { CallOptions } from '../../../lib/index.ts';
import { type RetryOptions, retry } from '../../../lib/middleware.ts';
import { method, unavailable } from './fakes.ts';

/** The middle of the jitter range, so that back-offs are exact. */
export const random = (): number => 0.5;

/** An RPC that answers each attempt with the next of these, and then always with the last; records times and options. */
export function server(...answers: (() => Observable<unknown>)[]) {
  const startedAt: number[] = [];
  const options: CallOptions[] = [];
  const received: unknown[] = [];
  const rpc = (request$: Observable<unknown>, call: CallOptions): Observable<unknown> =>
    new Observable(output => {
      startedAt.push(asyncScheduler.now());
      options.push(call);
      const answer = answers[Math.min(startedAt.length, answers.length) - 1]!;
      output.add(request$.subscribe({ next: r => received.push(r), error: e => output.error(e) }));
      if (!output.closed) answer().subscribe(output);
    });
  return { rpc, startedAt, options, received };
}

export const fail = (error: unknown = unavailable()): Observable<never> => throwError(() => error);

/** A call of an RPC through retry. */
export function call(
  rpc: ReturnType<typeof server>['rpc'],
  options?: RetryOptions,
  callOptions: CallOptions = {},
  request$: Observable<unknown> = of('request'),
): Observable<unknown> {
  return retry({ random, ...options })(rpc, method)(request$, callOptions);
}
