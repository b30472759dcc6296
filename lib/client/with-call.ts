import { inspect } from 'node:util';
import { Observable, ReplaySubject, tap } from 'rxjs';
import { type CallOptions, checkCallOptions } from '../core/call-options.ts';
import { errorFromStatus } from '../core/error-status.ts';
import { Metadata } from '../core/metadata.ts';
import { isRpcError } from '../core/rpc-error.ts';
import type { ServerCall } from '../core/server-call.ts';
import { Code, type StatusObject } from '../core/status.ts';
import { kindOf } from '../core/validate.ts';
import { type Captured, madeAt, printAs, traceMade } from './call-trace.ts';
import { onSettled } from './client-call.ts';

/** How a call ended. */
export interface Status {
  readonly code: Code;
  readonly details: string;
  /** The trailers. */
  readonly metadata: Metadata;
}

/** One call with all that it tells; see {@link withCall}. */
export interface CallWithMetadata<O> {
  /** Subscribing to it makes the call, once; a second subscription is an error. */
  readonly response$: Observable<O>;
  /** The response headers as soon as they come, then completion; completion alone when the call ends without any. */
  readonly headers$: Observable<Metadata>;
  /** The trailers, then completion; completion alone when the call was unsubscribed from or cut short before its end. */
  readonly trailers$: Observable<Metadata>;
  /**
   * How the call ended, OK or not, then completion; it never errors. CANCELLED when the call was unsubscribed from before its
   * status had come and every response was delivered; after that, the status.
   */
  readonly status$: Observable<Status>;
}

/**
 * A call whose headers, trailers and status are wanted as well: `withCall(users.createUser, user$, options)`. The call is made
 * when response$ is subscribed to, and the others tell of it, also to who comes later; they alone make no call. An error of
 * response$ that is no status (one of request$) is told by status$ as CANCELLED, for that is what the server was told. Where
 * middleware makes the call several times, headers$ emits those of each attempt, and trailers$ the last that came.
 *
 * @throws TypeError, RangeError when the first argument is no method of a client, or what the method itself would throw.
 */
export function withCall<Request, O>(
  rpc: (request: Request, options?: CallOptions | ServerCall) => Observable<O>,
  request: NoInfer<Request>,
  options: CallOptions | ServerCall = {},
): CallWithMetadata<O> {
  if (typeof rpc !== 'function') {
    throw new TypeError(`withCall: expected a method of a client, got ${kindOf(rpc)}`);
  }
  const { onHeaders, onTrailers, ...others } = checkCallOptions('withCall', options);
  const headers$ = new ReplaySubject<Metadata>(1);
  const trailers$ = new ReplaySubject<Metadata>(1);
  const status$ = new ReplaySubject<Status>(1);
  let trailers: Metadata | undefined;
  let settled: StatusObject | undefined;
  let hasBegun = false;

  const end = (code: Code, details: string): void => {
    if (trailers !== undefined) trailers$.next(trailers);
    status$.next({ code, details, metadata: trailers ?? new Metadata() });
    for (const each$ of [headers$, trailers$, status$]) each$.complete();
  };
  const inner = {
    [madeAt]: traceMade(),
    [onSettled]: (status: StatusObject | undefined) => {
      settled = status;
    },
  } satisfies { readonly [madeAt]: Captured; readonly [onSettled]: unknown };
  const call$ = rpc(request, {
    ...others,
    ...inner,
    onHeaders: headers => {
      trailers = undefined; // of an attempt before this one
      headers$.next(headers);
      onHeaders?.(headers);
    },
    onTrailers: received => {
      trailers = received;
      onTrailers?.(received);
    },
  });
  const response$ = call$.pipe(
    tap({
      complete: () => end(Code.OK, ''),
      error: (error: unknown) => {
        if (isRpcError(error)) end(error.code, error.details);
        else end(Code.CANCELLED, 'cancelled by an error on this side');
      },
      unsubscribe: () => {
        trailers = settled?.metadata;
        if (settled === undefined) end(Code.CANCELLED, 'unsubscribed from');
        else if (settled.code === Code.OK) end(Code.OK, '');
        else {
          const { code, details } = errorFromStatus(settled, '');
          end(code, details);
        }
      },
    }),
  );
  const once$ = new Observable<O>(subscriber => {
    if (hasBegun)
      throw new Error('withCall: response$ can be subscribed to once; make the call anew, with defer() to repeat it');
    hasBegun = true;
    response$.subscribe(subscriber);
  });
  printAs(once$, () => inspect(call$));
  return {
    response$: once$,
    headers$: headers$.asObservable(),
    trailers$: trailers$.asObservable(),
    status$: status$.asObservable(),
  };
}
