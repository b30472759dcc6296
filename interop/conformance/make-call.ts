import { setTimeout as sleep } from 'node:timers/promises';
import type { Metadata } from '@grpc/grpc-js';
import { type CallOptions, type ClientOf, isRpcError, pull, richDetailsOf } from 'rx-grpc';
import { firstValueFrom, type Observable, of, Subject } from 'rxjs';
import { fromMetadata, toMetadata } from './headers.ts';
import {
  type ClientCompatRequest,
  type ClientResponseResult,
  type Payload,
  type ProtoError,
  type Protos,
  type Response,
  typeUrl,
} from './messages.ts';

type Client = ClientOf<Protos['ConformanceService']>;

const FULL_DUPLEX = 5; // StreamType
const AT_ONCE = { case: 'afterCloseSendMs', value: 0 } as const;

/** Makes the call that the suite describes and tells what became of it. @throws Error when the call cannot be made. */
export async function makeCall(
  client: Client,
  protos: Protos,
  plan: ClientCompatRequest,
): Promise<ClientResponseResult> {
  const requests = new Requests(plan, requestsOf(protos, plan));
  let headers: Metadata | undefined;
  let trailers: Metadata | undefined;
  const response$ = start(client, plan.method, requests, {
    metadata: toMetadata(plan.requestHeaders),
    timeoutMs: plan.timeoutMs,
    signal: requests.cancelling.signal,
    onHeaders: received => {
      headers = received;
    },
    onTrailers: received => {
      trailers = received;
    },
  });
  const payloads: Payload[] = [];
  const error = await new Promise<unknown>(resolve => {
    response$.subscribe({
      next: response => {
        payloads.push((response as Response).payload ?? {});
        requests.onResponse(payloads.length);
      },
      error: resolve,
      complete: () => resolve(undefined),
    });
  });
  requests.end();
  return {
    responseHeaders: fromMetadata(headers),
    payloads,
    error: error === undefined ? undefined : protoErrorOf(error),
    responseTrailers: fromMetadata(trailers),
    numUnsentRequests: requests.unsent,
  };
}

function start(
  client: Client,
  method: string | undefined,
  requests: Requests,
  options: CallOptions,
): Observable<Response | object> {
  switch (method) {
    case 'Unary':
      return client.unary(requests.one(), options);
    case 'IdempotentUnary':
      return client.idempotentUnary(requests.one(), options);
    case 'Unimplemented':
      return client.unimplemented(requests.one(), options);
    case 'ServerStream':
      return client.serverStream(requests.one(), options);
    case 'ClientStream':
      return client.clientStream(requests.stream(), options);
    case 'BidiStream':
      return client.bidiStream(requests.stream(), options);
    default:
      throw new Error(`there is no method ${method}`);
  }
}

/** The requests of a call, sent and cancelled when its plan says so. */
class Requests {
  readonly cancelling = new AbortController();
  readonly #plan: ClientCompatRequest;
  readonly #requests: readonly any[];
  /** A response, or the end of the call. */
  readonly #heard$ = new Subject<void>();
  #sent = 0;

  constructor(plan: ClientCompatRequest, requests: readonly any[]) {
    this.#plan = plan;
    this.#requests = requests;
  }

  get unsent(): number {
    return this.#requests.length - this.#sent;
  }

  one(): Observable<any> {
    if (this.#requests.length !== 1) throw new Error(`expected one request, got ${this.#requests.length}`);
    this.#sent = 1;
    this.#hasSentAll();
    return of(this.#requests[0]);
  }

  stream(): Observable<any> {
    return pull(() => this.#stream());
  }

  async *#stream(): AsyncGenerator<any> {
    for (const request of this.#requests) {
      await sleep(this.#plan.requestDelayMs);
      const answered = this.#plan.streamType === FULL_DUPLEX ? this.#heard() : undefined;
      this.#sent++;
      yield request;
      await answered;
    }
    if (this.#timing?.case === 'beforeCloseSend') {
      const ended = this.#heard();
      this.cancelling.abort();
      await ended;
    }
    this.#hasSentAll();
  }

  onResponse(count: number): void {
    this.#heard$.next();
    if (this.#timing?.case === 'afterNumResponses' && this.#timing.value === count) this.cancelling.abort();
  }

  end(): void {
    this.#heard$.next();
  }

  get #timing() {
    const { cancel } = this.#plan;
    return cancel === undefined ? undefined : (cancel.cancelTiming ?? AT_ONCE);
  }

  #heard(): Promise<void> {
    return firstValueFrom(this.#heard$);
  }

  #hasSentAll(): void {
    if (this.#timing?.case === 'afterCloseSendMs') setTimeout(() => this.cancelling.abort(), this.#timing.value);
  }
}

function requestsOf(protos: Protos, { method, requestMessages }: ClientCompatRequest): unknown[] {
  const type = `${method}Request` as 'UnaryRequest';
  return requestMessages.map(({ typeUrl: url, value }) => {
    if (url !== typeUrl(type)) throw new Error(`expected a ${type}, got ${url}`);
    return protos[type].decode(value);
  });
}

function protoErrorOf(error: unknown): ProtoError {
  if (!isRpcError(error)) throw error;
  const details = richDetailsOf(error).map(detail => {
    if (detail.case === 'unknown') return detail.value;
    throw new Error(`expected details of the suite's own types, got ${detail.case}`);
  });
  return { code: error.code, message: error.details, details };
}
