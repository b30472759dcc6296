import type { Metadata } from '@grpc/grpc-js';
import type { Observable } from 'rxjs';
import { type Status, withCall } from '../client/with-call.ts';
import type { CallOptions } from '../core/call-options.ts';
import type { ServerCall } from '../core/server-call.ts';

/** All that a client learns of one call. */
export interface Collected<O> {
  readonly responses: readonly O[];
  /** The response headers; undefined when the call ended without any. */
  readonly headers: Metadata | undefined;
  /** Undefined when the call did not get as far as its end, because request$ or a callback failed. */
  readonly trailers: Metadata | undefined;
  /** How the call ended, OK or not. CANCELLED when request$ or a callback failed. */
  readonly status: Status;
  /** What the responses errored with; undefined when the call ended well. */
  readonly error: unknown;
}

/**
 * Makes a call and resolves when it has ended, however it did: `collect(users.createUser, user$, options)`. It keeps all
 * responses; who wants the first few of a long stream gives a `signal`, or pipes the call through `take` instead.
 *
 * @throws TypeError, RangeError, at once, when an argument is of the wrong kind.
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
