import { type CallCredentials, credentials, Metadata } from '@grpc/grpc-js';
import { catchError, defer, merge, type Observable, switchMap, take, throwError } from 'rxjs';
import type { CallOptions } from '../core/call-options.ts';
import { fixDeadline } from '../core/deadline.ts';
import { toMetadata } from '../core/metadata.ts';
import type { ClientMiddleware } from '../core/middleware.ts';
import { isRpcError } from '../core/rpc-error.ts';
import { Code } from '../core/status.ts';
import { checkOptions, kindOf } from '../core/validate.ts';
import { AUTHORIZATION, authorization } from './bearer-token.ts';
import { cutShort } from './cut-short.ts';
import { checkSide, failure } from './failure.ts';

export interface BearerOptions {
  /**
   * Whether to send the token over a plaintext connection, where anyone on the network can read it. For a proxy on the
   * same machine, and for tests. Default: false; such a call ends with UNAUTHENTICATED before anything is sent.
   */
  readonly allowPlaintext?: boolean | undefined;
}

/**
 * Sends a token with each call: `authorization: Bearer <token>`. A function is called for each call, and its result is
 * not kept. A call whose metadata already has an `authorization` keeps its own.
 *
 * When the function fails or returns a value that cannot be a token, the call ends with UNAUTHENTICATED, with the
 * failure as its cause. No error text contains the token.
 *
 * Source: https://www.rfc-editor.org/rfc/rfc6750#section-2.1
 *
 * @throws TypeError when the token is neither a function nor a possible token.
 */
export function bearer(
  token: string | (() => string | PromiseLike<string>),
  options: BearerOptions = {},
): ClientMiddleware {
  checkOptions('bearer', options, ['allowPlaintext']);
  const { allowPlaintext = false } = options;
  if (typeof allowPlaintext !== 'boolean') {
    throw new TypeError(`bearer: expected allowPlaintext to be true or false, got ${kindOf(allowPlaintext)}`);
  }
  const fixed = typeof token === 'function' ? undefined : authorization(token);
  const header = async () => fixed ?? authorization(await (token as () => string | PromiseLike<string>)());

  return (rpc, { path }) =>
    (request$, call) =>
      defer(() => {
        checkSide('bearer', 'client', call);
        if (call.metadata !== undefined && toMetadata(call.metadata).get(AUTHORIZATION).length > 0)
          return rpc(request$, call);
        if (!allowPlaintext) return withCredentials(header, path, call, options => rpc(request$, options));
        if (fixed !== undefined) return rpc(request$, withHeader(call, fixed));
        const options = fixDeadline(call);
        const header$ = defer(header).pipe(catchError(cause => throwError(() => noToken(path, call, cause))));
        return merge(header$, cutShort(path, options)).pipe(
          take(1),
          switchMap(value => rpc(request$, withHeader(options, value))),
        );
      });
}

/** grpc-js calls the generator once there is a connection, and sends no credentials over a plaintext one. */
function withCredentials(
  header: () => Promise<string>,
  path: string,
  call: CallOptions,
  start: (options: CallOptions) => Observable<any>,
): Observable<any> {
  let failed: { readonly cause: unknown } | undefined;
  const own = credentials.createFromMetadataGenerator((_, callback) => {
    header().then(
      value => {
        failed = undefined;
        callback(null, withAuthorization(new Metadata(), value));
      },
      cause => {
        failed = { cause };
        callback(noToken(path, call, cause));
      },
    );
  });
  const given: CallCredentials | undefined = call.credentials;
  return start({ ...call, credentials: given === undefined ? own : given.compose(own) }).pipe(
    catchError(error =>
      throwError(() =>
        failed !== undefined && isRpcError(error, Code.UNAUTHENTICATED) ? noToken(path, call, failed.cause) : error,
      ),
    ),
  );
}

function withHeader(options: CallOptions, value: string): CallOptions {
  return { ...options, metadata: withAuthorization(toMetadata(options.metadata), value) };
}

function withAuthorization(metadata: Metadata, value: string): Metadata {
  metadata.set(AUTHORIZATION, value);
  return metadata;
}

function noToken(path: string, call: CallOptions, cause: unknown): Error {
  return failure(call, Code.UNAUTHENTICATED, 'the token to send could not be obtained', { path, cause });
}
