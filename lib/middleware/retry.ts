import { defer, retry as rxRetry, tap } from 'rxjs';
import type { ClientMiddleware } from '../compose.ts';
import { Attempts } from './attempts.ts';
import { checkSide } from './failure.ts';
import { fixDeadline } from './fixed-deadline.ts';
import { RetryBudget } from './retry-budget.ts';
import { type RetryOptions, retryPolicy } from './retry-policy.ts';

/**
 * Makes a call again when it fails with UNAVAILABLE, or one of `codes`, before its first response: at most `maxAttempts` times
 * in all, each wait twice as long as the one before, give or take a fifth. A server that says how long to wait is listened to:
 * its trailer `grpc-retry-pushback-ms` is the wait, or the end when it is negative or no number; google.rpc.RetryInfo is the
 * least wait. Each attempt after the first has the metadata `grpc-previous-rpc-attempts`.
 *
 * The error itself comes through, at once, when there is no further attempt: after a response (without `resume`), or after
 * headers if `onHeaders` was told of them; when the requests cannot be sent again (a Subject, a pulled stream, iterator or
 * generator object, another call's request$: one-shot sources); when the deadline would pass before; when request$ itself
 * failed. `timeoutMs` and `deadline` are for all attempts together. `onHeaders` and `onTrailers` are called once, the latter for
 * the last attempt.
 *
 * Requests that can be read only once and do not say so (`from` of an iterator or a stream; what hides in a `defer`) are known when
 * they are read again: a request$ that completes with fewer values than an earlier attempt took is not half-closed, and the call
 * ends with the error of the attempt before. `pull(() => open())` can be read again.
 *
 * Unsubscribing ends the attempt under way, or the wait. Nothing is buffered but the last response, with `resume`.
 *
 * Source: https://github.com/grpc/proposal/blob/master/A6-client-retries.md
 *
 * @throws TypeError, RangeError when an option is not what it should be.
 */
export function retry<I = any, O = any>(options: RetryOptions<I, O> = {}): ClientMiddleware<I, O> {
  const policy = retryPolicy(options);
  const budget = options.budget === undefined ? undefined : new RetryBudget(options.budget);
  return (rpc, { path }) =>
    (request$, call) =>
      defer(() => {
        checkSide('retry', 'client', call);
        const attempts = new Attempts(policy, budget, path, request$, fixDeadline(call));
        return defer(() => attempts.begin(rpc)).pipe(
          rxRetry({ delay: error => attempts.next(error) }),
          tap({ next: response => attempts.responded(response), complete: () => attempts.succeeded() }),
        );
      });
}
