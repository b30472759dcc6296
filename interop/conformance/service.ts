import { setTimeout as sleep } from 'node:timers/promises';
import { type Bound, type Code, implement, RpcError, type ServerCall, toAsyncIterable } from 'rx-grpc';
import { concatMap } from 'rx-grpc/operators';
import { toArray } from 'rxjs';
import { fromMetadata, toMetadata } from './headers.ts';
import {
  type Any,
  type Payload,
  type ProtoError,
  type Protos,
  type RequestInfo,
  type RequestType,
  type Response,
  type StreamResponseDefinition,
  typeUrl,
  type UnaryResponseDefinition,
} from './messages.ts';

/** The suite's service, which answers as each request asks it to. `Unimplemented` is left out, as the suite wants. */
export function conformanceService(protos: Protos): Bound {
  const anyOf =
    (type: Exclude<RequestType, 'UnimplementedRequest'>, name: string = type) =>
    (request: any) => ({
      typeUrl: typeUrl(name),
      value: (protos[type] as { encode(value: unknown): Buffer }).encode(request),
    });

  /** The error that a request asks for, with what was seen of the call as its last detail. */
  function errorOf({ code, message, details }: ProtoError, info?: RequestInfo): RpcError {
    const all =
      info === undefined ? details : [...details, anyOf('RequestInfo', 'ConformancePayload.RequestInfo')(info)];
    const richDetails = all.map(value => ({ case: 'unknown' as const, value }));
    return new RpcError(code as Code, message ?? '', { richDetails });
  }

  async function one(
    definition: UnaryResponseDefinition | undefined,
    requests: readonly Any[],
    call: ServerCall,
  ): Promise<Response> {
    setMetadata(call, definition);
    await sleep(definition?.responseDelayMs ?? 0, undefined, { signal: call.signal });
    const requestInfo = infoOf(call, requests);
    const response = definition?.response;
    if (response?.case === 'error') throw errorOf(response.value, requestInfo);
    return { payload: { data: response?.value ?? new Uint8Array(0), requestInfo } };
  }

  return implement.partial(protos.ConformanceService, {
    unary: (request$, call) =>
      request$.pipe(concatMap(request => one(request.responseDefinition, [anyOf('UnaryRequest')(request)], call))),

    idempotentUnary: (request$, call) =>
      request$.pipe(
        concatMap(request => one(request.responseDefinition, [anyOf('IdempotentUnaryRequest')(request)], call)),
      ),

    clientStream: (request$, call) =>
      request$.pipe(
        toArray(),
        concatMap(requests => one(requests[0]?.responseDefinition, requests.map(anyOf('ClientStreamRequest')), call)),
      ),

    serverStream: (request$, call) =>
      request$.pipe(
        concatMap(async function* (request) {
          const { responseDefinition } = request;
          setMetadata(call, responseDefinition);
          yield* responsesFrom(responseDefinition, 0, infoOf(call, [anyOf('ServerStreamRequest')(request)]));
        }),
      ),

    async *bidiStream(request$, call) {
      let definition: StreamResponseDefinition | undefined;
      let isFullDuplex = false;
      let sent = 0;
      let requests: Any[] = [];
      let isFirst = true;
      for await (const request of toAsyncIterable(request$)) {
        requests.push(anyOf('BidiStreamRequest')(request));
        if (isFirst) {
          isFirst = false;
          definition = request.responseDefinition;
          isFullDuplex = request.fullDuplex;
          setMetadata(call, definition);
        }
        if (!isFullDuplex) continue;
        const data = definition?.responseData[sent];
        if (data === undefined) break;
        const requestInfo = sent === 0 ? infoOf(call, requests) : { requests };
        await sleep(definition?.responseDelayMs, undefined, { signal: call.signal });
        yield { payload: { data, requestInfo } };
        sent++;
        requests = [];
      }
      yield* responsesFrom(definition, sent, infoOf(call, requests));
    },
  });

  /** The responses from one on, the very first of the call with what was seen of it; then the error, if one is asked for. */
  async function* responsesFrom(
    definition: StreamResponseDefinition | undefined,
    first: number,
    info: RequestInfo,
  ): AsyncGenerator<Response> {
    if (definition === undefined) return;
    const { responseData, responseDelayMs, error } = definition;
    for (let i = first; i < responseData.length; i++) {
      await sleep(responseDelayMs);
      const payload: Payload = { data: responseData[i], requestInfo: i === 0 ? info : undefined };
      yield { payload };
    }
    if (error !== undefined) throw errorOf(error, responseData.length === 0 ? info : undefined);
  }
}

function setMetadata(
  call: ServerCall,
  definition: UnaryResponseDefinition | StreamResponseDefinition | undefined,
): void {
  if (definition === undefined) return;
  call.sendHeaders(toMetadata(definition.responseHeaders));
  call.trailers.merge(toMetadata(definition.responseTrailers));
}

function infoOf({ metadata, deadline }: ServerCall, requests: readonly Any[]): RequestInfo {
  const requestHeaders = fromMetadata(metadata);
  const timeoutMs = deadline === undefined ? undefined : Math.max(0, deadline.getTime() - Date.now());
  return { requestHeaders, timeoutMs, requests };
}
