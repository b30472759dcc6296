import type { Metadata } from '@grpc/grpc-js';
import {
  asyncScheduler,
  isObservable,
  type MonoTypeOperatorFunction,
  merge,
  Observable,
  ReplaySubject,
  Subscription,
  take,
  tap,
  throwError,
  timer,
} from 'rxjs';
import { isOneShot, isRefusal, refusal } from '../backpressure/one-shot.ts';
import { operator } from '../backpressure/operators/operator.ts';
import type { CallOptions } from '../core/call-options.ts';
import { endOf } from '../core/deadline.ts';
import { toMetadata } from '../core/metadata.ts';
import type { MethodInfo } from '../core/method.ts';
import type { Rpc } from '../core/middleware.ts';
import { isRpcError } from '../core/rpc-error.ts';
import { kindOf } from '../core/validate.ts';
import { cutShort } from './cut-short.ts';
import type { RetryBudget } from './retry-budget.ts';
import { Backoff, pushbackOf, type ReadOnceWarning, type RetryPolicy } from './retry-policy.ts';

/** The state that all calls of one `retry()` share. */
export interface Retrying<I, O> {
  readonly policy: RetryPolicy<I, O>;
  readonly budget: RetryBudget | undefined;
  readonly warning: ReadOnceWarning;
}

/** The attempts of one call: the requests and options of each, and whether and when there is another one. */
export class Attempts<I, O> {
  readonly #policy: RetryPolicy<I, O>;
  readonly #budget: RetryBudget | undefined;
  readonly #warning: ReadOnceWarning;
  readonly #path: string;
  /** The subscription to request$ that outlives an attempt. */
  readonly #reading = new Subscription();
  readonly #request$: Observable<I>;
  readonly #call: CallOptions;
  readonly #backoff: Backoff;
  /** The number of attempts since the last response. */
  #count = 0;
  #lastResponse: O | undefined;
  #hasResponded = false;
  #hasProgressed = false;
  #headersAreTold = false;
  #isRead = false;
  #requestError: { readonly error: unknown } | undefined;
  #trailers: Metadata | undefined;
  #previous: { readonly error: unknown; readonly trailers: Metadata | undefined } | undefined;

  constructor(
    { policy, budget, warning }: Retrying<I, O>,
    { path, requestStream }: MethodInfo,
    request$: Observable<I>,
    call: CallOptions,
  ) {
    this.#policy = policy;
    this.#backoff = new Backoff(policy);
    this.#budget = budget;
    this.#warning = warning;
    this.#path = path;
    this.#call = call;
    this.#request$ = requestStream ? request$.pipe(wholeRequests()) : replayOne(request$, this.#reading);
    const isRetried = policy.maxAttempts > 1 && policy.resume === undefined;
    if (isRetried && requestStream && isOneShot(request$)) warning.warn(path);
  }

  begin(rpc: Rpc<CallOptions, I, O>): Observable<O> {
    this.#count++;
    this.#hasProgressed = false;
    this.#trailers = undefined;
    const failed = (error: unknown): void => {
      this.#requestError = { error };
    };
    const subscribe = (): void => {
      this.#isRead = true;
    };
    return rpc(this.#requests(failed).pipe(tap({ subscribe, error: failed })), this.#options());
  }

  responded(response: O): void {
    this.#hasProgressed = this.#hasResponded = true;
    if (this.#policy.resume !== undefined) this.#lastResponse = response;
  }

  succeeded(): void {
    this.#budget?.succeeded();
    this.#tellTrailers(this.#trailers);
  }

  /** Releases request$ when the call is over. */
  close(): void {
    this.#reading.unsubscribe();
  }

  /** Emits when the next attempt is due; errors when there is none. */
  next(error: unknown): Observable<unknown> {
    const waitMs = this.#waitMs(error);
    if (waitMs !== undefined) {
      this.#previous = { error, trailers: this.#trailers };
      return merge(timer(waitMs), cutShort(this.#path, this.#call));
    }
    // Requests that cannot be read again, hidden in a defer or a merge, show only when they are read again.
    const isReadAgain = isRefusal(error) && this.#previous !== undefined;
    if (isReadAgain) this.#warning.warn(this.#path);
    const last = isReadAgain ? this.#previous! : { error, trailers: this.#trailers };
    this.#tellTrailers(last.trailers);
    return throwError(() => last.error);
  }

  #requests(failed: (error: unknown) => void): Observable<I> {
    const { resume } = this.#policy;
    if (resume === undefined || !this.#hasResponded) return this.#request$;
    try {
      const resumed$: unknown = resume(this.#lastResponse as O, this.#request$);
      if (isObservable(resumed$)) return resumed$ as Observable<I>;
      throw new TypeError(`retry: expected resume to give an Observable of requests, got ${kindOf(resumed$)}`);
    } catch (error) {
      failed(error); // an error of resume is never retried
      throw error;
    }
  }

  #options(): CallOptions {
    const { onHeaders, onTrailers } = this.#call;
    const options: { -readonly [K in keyof CallOptions]: CallOptions[K] } = { ...this.#call };
    if (this.#count > 1) {
      const metadata = (options.metadata = toMetadata(this.#call.metadata));
      metadata.set('grpc-previous-rpc-attempts', String(this.#count - 1));
    }
    if (onHeaders !== undefined) {
      options.onHeaders = headers => {
        if (this.#headersAreTold) return;
        this.#headersAreTold = true;
        onHeaders(headers);
      };
    }
    if (onTrailers !== undefined) {
      options.onTrailers = trailers => {
        this.#trailers = trailers;
      };
    }
    return options;
  }

  /** Passes on the trailers of the last attempt. */
  #tellTrailers(trailers: Metadata | undefined): void {
    if (trailers !== undefined) this.#call.onTrailers?.(trailers);
  }

  #waitMs(error: unknown): number | undefined {
    const { codes, maxAttempts, resume } = this.#policy;
    if (this.#requestError?.error === error || !isRpcError(error)) return undefined;
    const pushback = pushbackOf(error);
    const isRetryable = codes.includes(error.code);
    if (isRetryable || pushback === 'never') this.#budget?.failed();
    if (!isRetryable || pushback === 'never' || this.#budget?.isSpent) return undefined;

    if (resume === undefined && (this.#hasResponded || this.#headersAreTold)) return undefined;
    if (this.#hasProgressed) {
      this.#count = 1;
      this.#backoff.reset();
    }
    if (this.#count >= maxAttempts) return undefined;
    if (!this.#hasResponded && this.#isRead && isOneShot(this.#request$)) {
      this.#warning.warn(this.#path);
      return undefined;
    }

    const waitMs = this.#backoff.next(error, pushback);
    return asyncScheduler.now() + waitMs < endOf(this.#call) ? waitMs : undefined;
  }
}

/**
 * Replays the single request of a call to each attempt. The first attempt subscribes to the source, which stays subscribed until it
 * ends or `until` is unsubscribed.
 */
function replayOne<I>(request$: Observable<I>, until: Subscription): Observable<I> {
  // Each attempt rejects a second request, so a third is not needed.
  const requests = new ReplaySubject<I>(2);
  let isRead = false;
  return new Observable(output => {
    requests.subscribe(output);
    if (isRead) return;
    isRead = true;
    until.add(request$.pipe(take(2)).subscribe(requests));
  });
}

/**
 * An operator for the request$ of all attempts. It errors when request$ completes with fewer values than an earlier
 * attempt has taken: the source can be read only once (`from` of an iterator or a stream) and has only the rest. The
 * server would take the completion for the end of a complete upload.
 */
function wholeRequests<I>(): MonoTypeOperatorFunction<I> {
  let most = 0;
  let hasEnded = false;
  let first: I | undefined;
  return operator(output => {
    let count = 0;
    let isOther = false;
    return {
      next: request => {
        if (most === 0) first = request;
        if (++count === 1) isOther = request !== first;
        most = Math.max(most, count);
        output.next(request);
      },
      complete: () => {
        // While the iterator of an earlier attempt still waits, a later attempt gets one value and the end.
        const isRest = count === 1 && isOther && !hasEnded;
        if (count < most || isRest) output.error(refusal(new TypeError(NOT_WHOLE)));
        else {
          hasEnded = true;
          output.complete();
        }
      },
    };
  });
}

const NOT_WHOLE =
  'retry: request$ completed with fewer values than an earlier attempt took. ' +
  'A source that can be read only once (from(an iterator or stream)) has to be opened anew: pull(() => open())';
