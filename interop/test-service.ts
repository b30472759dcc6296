import { type Bound, Code, implement, pull, RpcError, type ServerCall } from 'rx-grpc';
import { concatMap } from 'rx-grpc/operators';
import { map, type Observable, of, reduce, throwError, timer, toArray } from 'rxjs';
import {
  ECHO_INITIAL,
  ECHO_TRAILING,
  type Services,
  type SimpleRequest,
  type StreamingOutputCallRequest,
  type StreamingOutputCallResponse,
  zeros,
} from './messages.ts';

/** The interop test service, of which each RPC is a function from requests to responses. */
export function testService(service: Services['TestService']): Bound {
  return implement.partial(service, {
    emptyCall: request$ => request$.pipe(map(() => ({}))),

    unaryCall: (request$, call) => {
      echoMetadata(call);
      return request$.pipe(map(simpleResponse));
    },

    streamingOutputCall: request$ => request$.pipe(concatMap(responses)),

    streamingInputCall: request$ =>
      request$.pipe(
        reduce((sum, { payload }) => sum + (payload?.body.length ?? 0), 0),
        map(aggregatedPayloadSize => ({ aggregatedPayloadSize })),
      ),

    fullDuplexCall: (request$, call) => {
      echoMetadata(call);
      return request$.pipe(concatMap(responses));
    },

    halfDuplexCall: request$ => request$.pipe(toArray(), concatMap(pull), concatMap(responses)),
  });
}

function echoMetadata(call: ServerCall): void {
  const [initial] = call.metadata.get(ECHO_INITIAL);
  if (initial !== undefined) call.sendHeaders({ [ECHO_INITIAL]: initial });
  const [trailing] = call.metadata.get(ECHO_TRAILING);
  if (trailing !== undefined) call.trailers.set(ECHO_TRAILING, trailing);
}

function simpleResponse(request: SimpleRequest): { payload: { body: Uint8Array } } {
  const error = errorAskedFor(request);
  if (error !== undefined) throw error;
  return { payload: zeros(request.responseSize) };
}

function responses(request: StreamingOutputCallRequest): Observable<StreamingOutputCallResponse> {
  const error = errorAskedFor(request);
  if (error !== undefined) return throwError(() => error);
  return pull(request.responseParameters).pipe(
    concatMap(({ size, intervalUs = 0 }) => {
      const response = { payload: zeros(size) };
      return intervalUs > 0 ? timer(intervalUs / 1000).pipe(map(() => response)) : of(response);
    }),
  );
}

function errorAskedFor(request: Pick<SimpleRequest, 'responseType' | 'responseStatus'>): RpcError | undefined {
  const { responseStatus, responseType } = request;
  if (responseStatus !== undefined && responseStatus.code !== 0) {
    return new RpcError(responseStatus.code as Code, responseStatus.message);
  }
  return responseType === 0 ? undefined : new RpcError(Code.INVALID_ARGUMENT, `no payload of type ${responseType}`);
}
