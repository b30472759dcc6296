import { setTimeout as sleep } from 'node:timers/promises';
import {
  Metadata,
  type ServerDuplexStream,
  type ServerReadableStream,
  type ServerUnaryCall,
  type ServerWritableStream,
  type sendUnaryData,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import {
  ECHO_INITIAL,
  ECHO_TRAILING,
  type EchoStatus,
  type SimpleRequest,
  type StreamingInputCallRequest,
  type StreamingOutputCallRequest,
  zeros,
} from '../messages.ts';

type AnyCall = { readonly metadata: Metadata; sendMetadata(metadata: Metadata): void };
type Writer = ServerWritableStream<any, unknown> | ServerDuplexStream<StreamingOutputCallRequest, unknown>;

/** The interop test service. */
export const implementation: UntypedServiceImplementation = {
  EmptyCall: (_call: ServerUnaryCall<object, object>, callback: sendUnaryData<object>) => callback(null, {}),

  UnaryCall: (call: ServerUnaryCall<SimpleRequest, unknown>, callback: sendUnaryData<unknown>) => {
    const trailers = echoMetadata(call);
    const { responseStatus, responseSize } = call.request;
    if (isError(responseStatus)) callback(errorOf(responseStatus, trailers));
    else callback(null, { payload: zeros(responseSize) }, trailers);
  },

  StreamingOutputCall: async (call: ServerWritableStream<StreamingOutputCallRequest, unknown>) => {
    await respond(call, call.request);
    call.end();
  },

  StreamingInputCall: (
    call: ServerReadableStream<StreamingInputCallRequest, unknown>,
    callback: sendUnaryData<unknown>,
  ) => {
    let sum = 0;
    call.on('data', ({ payload }: StreamingInputCallRequest) => {
      sum += payload?.body.length ?? 0;
    });
    call.on('end', () => callback(null, { aggregatedPayloadSize: sum }));
    call.on('error', ignore);
  },

  FullDuplexCall: (call: ServerDuplexStream<StreamingOutputCallRequest, unknown>) => {
    const trailers = echoMetadata(call);
    let hasFailed = false;
    let last = Promise.resolve();
    call.on('data', (request: StreamingOutputCallRequest) => {
      last = last.then(async () => {
        if (hasFailed) return;
        if (isError(request.responseStatus)) {
          hasFailed = true;
          call.emit('error', errorOf(request.responseStatus, trailers));
        } else await respond(call, request);
      });
    });
    call.on('end', () => void last.then(() => hasFailed || call.end(trailers)));
    call.on('error', ignore);
  },

  HalfDuplexCall: (call: ServerDuplexStream<StreamingOutputCallRequest, unknown>) => {
    const requests: StreamingOutputCallRequest[] = [];
    call.on('data', (request: StreamingOutputCallRequest) => requests.push(request));
    call.on('end', async () => {
      for (const request of requests) await respond(call, request);
      call.end();
    });
    call.on('error', ignore);
  },
};

function echoMetadata(call: AnyCall): Metadata {
  const [initial] = call.metadata.get(ECHO_INITIAL);
  if (initial !== undefined) {
    const headers = new Metadata();
    headers.set(ECHO_INITIAL, initial);
    call.sendMetadata(headers);
  }
  const trailers = new Metadata();
  const [trailing] = call.metadata.get(ECHO_TRAILING);
  if (trailing !== undefined) trailers.set(ECHO_TRAILING, trailing);
  return trailers;
}

async function respond(call: Writer, { responseParameters }: StreamingOutputCallRequest): Promise<void> {
  for (const { size, intervalUs = 0 } of responseParameters) {
    if (intervalUs > 0) await sleep(intervalUs / 1000);
    call.write({ payload: zeros(size) });
  }
}

function isError(status: EchoStatus | null | undefined): status is EchoStatus {
  return status != null && status.code !== 0;
}

function errorOf({ code, message }: EchoStatus, metadata: Metadata): Error & { code: number; metadata: Metadata } {
  return Object.assign(new Error(message), { code, details: message, metadata });
}

const ignore = (): void => {};
