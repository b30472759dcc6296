import { defer, finalize, retry as rxRetry, tap } from 'rxjs';
import { fixDeadline } from '../core/deadline.ts';
import type { ClientMiddleware } from '../core/middleware.ts';
import { Attempts } from './attempts.ts';
import { checkSide } from './failure.ts';
import { RetryBudget } from './retry-budget.ts';
import { ReadOnceWarning, type RetryOptions, retryPolicy } from './retry-policy.ts';

/**
 * Repeats a call that fails with UNAVAILABLE, or one of `codes`, before its first response, up to `maxAttempts`
 * attempts in all. Each wait is twice as long as the one before, with a jitter of a fifth. The server can change the
 * wait: the trailer `grpc-retry-pushback-ms` sets it, or stops retries if it is negative or not a number, and
 * google.rpc.RetryInfo is its minimum. Each attempt after the first has the metadata `grpc-previous-rpc-attempts`.
 *
 * `timeoutMs` and `deadline` cover all attempts together. `onHeaders` and `onTrailers` are called once, the latter for
 * the last attempt.
 *
 * The call fails at once with the error of the attempt:
 * - after a response (without `resume`), or after headers if `onHeaders` was called with them;
 * - when the deadline would pass during the wait;
 * - when request$ itself failed;
 * - when a stream of requests is one-shot and cannot be sent again: a Subject, a pulled stream, iterator or generator
 *   object, the request$ of an incoming call. A process warning, `RX_GRPC_RETRY_OFF`, reports it once for each method.
 *
 * A method with a single request reads request$ once and sends the same request in each attempt. A stream of requests
 * is subscribed to anew. A one-shot stream that does not show it (`from` of an iterator or a stream, or any source
 * inside a `defer`) is detected when it is read again and completes with fewer values than an earlier attempt took. It
 * is then not half-closed, and the call ends with the error of the attempt before, and the warning. Use `pull(() =>
 * open())`, which can be read again.
 *
 * Unsubscribing ends the current attempt or the wait. Buffered: a single request, and with `resume` the last response.
 *
 * Source: https://github.com/grpc/proposal/blob/master/A6-client-retries.md
 *
 * @throws TypeError, RangeError when an option has the wrong type or range.
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
