import { defer, finalize, retry as rxRetry, tap } from 'rxjs';
import { fixDeadline } from '../core/deadline.ts';
import type { ClientMiddleware } from '../core/middleware.ts';
import { Attempts } from './attempts.ts';
import { checkSide } from './failure.ts';
import { RetryBudget } from './retry-budget.ts';
import { ReadOnceWarning, type RetryOptions, retryPolicy } from './retry-policy.ts';

/**
 * Makes a call again when it fails with UNAVAILABLE, or one of `codes`, before its first response: at most `maxAttempts` times
 * in all, each wait twice as long as the one before, give or take a fifth. A server that says how long to wait is listened to:
 * its trailer `grpc-retry-pushback-ms` is the wait, or the end when it is negative or no number; google.rpc.RetryInfo is the
 * least wait. Each attempt after the first has the metadata `grpc-previous-rpc-attempts`.
 *
 * The error itself comes through, at once, when there is no further attempt: after a response (without `resume`), or after
 * headers if `onHeaders` was told of them; when the deadline would pass before; when request$ itself failed; when a stream of
 * requests cannot be sent again, because it is one-shot: a Subject, a pulled stream, iterator or generator object, the request$ of
 * an incoming call. Such a call is told by a process warning, `RX_GRPC_RETRY_OFF`, once for each method. `timeoutMs` and
 * `deadline` are for all attempts together. `onHeaders` and `onTrailers` are called once, the latter for the last attempt.
 *
 * A method with a single request reads request$ once, whatever it is, and sends the same request in each attempt. A stream is
 * subscribed to anew. One that can be read only once and does not say so (`from` of an iterator or a stream; what hides in a
 * `defer`) is known when it is read again: a request$ that completes with fewer values than an earlier attempt took is not
 * half-closed, and the call ends with the error of the attempt before, and the warning. `pull(() => open())` can be read again.
 *
 * Unsubscribing ends the attempt under way, or the wait. Nothing is buffered but a single request, and with `resume` the last
 * response.
 *
 * Source: https://github.com/grpc/proposal/blob/master/A6-client-retries.md
 *
 * @throws TypeError, RangeError when an option is not what it should be.
 */
export function retry<I = any, O = any>(options: RetryOptions<I, O> = {}): ClientMiddleware<I, O> {
  const retrying = {
    policy: retryPolicy(options),
    budget: options.budget === undefined ? undefined : new RetryBudget(options.budget),
    warning: new ReadOnceWarning(),
  };
  return (rpc, method) => (request$, call) =>
    defer(() => {
      checkSide('retry', 'client', call);
      const attempts = new Attempts(retrying, method, request$, fixDeadline(call));
      return defer(() => attempts.begin(rpc)).pipe(
        rxRetry({ delay: error => attempts.next(error) }),
        tap({ next: response => attempts.responded(response), complete: () => attempts.succeeded() }),
        finalize(() => attempts.close()),
      );
    });
}
