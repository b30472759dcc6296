import type { Metadata } from '@grpc/grpc-js';
import type { Observable } from 'rxjs';
import { type Status, withCall } from '../client/with-call.ts';
import type { CallOptions } from '../core/call-options.ts';
import type { ServerCall } from '../core/server-call.ts';

/** Everything that a client receives in one call. */
export interface Collected<O> {
  readonly responses: readonly O[];
  /** The response headers; undefined when the call ended without headers. */
  readonly headers: Metadata | undefined;
  /** The trailers; undefined when request$ or a callback failed, because the call then ends before the trailers. */
  readonly trailers: Metadata | undefined;
  /** The final status, OK or an error. CANCELLED when request$ or a callback failed. */
  readonly status: Status;
  /** The error of the responses; undefined when the call ended with OK. */
  readonly error: unknown;
}

/**
 * Makes a call and resolves when the call has ended, successfully or not: `collect(users.createUser, user$, options)`.
 * It keeps all responses in memory. For the first few responses of a long stream, give a `signal`, or pipe the call
 * through `take` instead.
 *
 * @throws TypeError, RangeError, at once, when an argument has the wrong type or range.
 */
export function collect<Request, O>(
  rpc: (request: Request, options?: CallOptions | ServerCall) => Observable<O>,
  request: NoInfer<Request>,
  options: CallOptions | ServerCall = {},
): Promise<Collected<O>> {
  const { response$, headers$, trailers$, status$ } = withCall(rpc, request, options);
  const responses: O[] = [];
  let headers: Metadata | undefined;
  let trailers: Metadata | undefined;
  let status!: Status;
  headers$.subscribe(received => {
    headers = received;
  });
  trailers$.subscribe(received => {
    trailers = received;
  });
  status$.subscribe(received => {
    status = received;
  });
  return new Promise(resolve => {
    const end = (error?: unknown) => resolve({ responses, headers, trailers, status, error });
    response$.subscribe({ next: response => responses.push(response), error: end, complete: () => end() });
  });
}
