import { AsyncResource } from 'node:async_hooks';
import { type ClientDuplexStream, Metadata, type StatusObject } from '@grpc/grpc-js';
import { isObservable, Observable, type Subscriber } from 'rxjs';
import { startDeadline } from '../deadline.ts';
import type { Meter } from '../flow/meter.ts';
import { OverflowError } from '../flow/overflow-error.ts';
import { receive } from '../flow/receive.ts';
import { type Sending, send } from '../flow/send.ts';
import { single } from '../flow/single.ts';
import { MAX_TIMER_MS, watchForStall } from '../flow/stall.ts';
import type { LiveCall, LiveCalls } from '../live-calls.ts';
import { toMetadata } from '../metadata.ts';
import { type CallOptions, type Method, onCancelled, type ParentCall } from '../rpc.ts';
import { Code, errorFromStatus, markReceived, RpcError } from '../status.ts';
import type { Channels } from './channels.ts';
import { onAbort } from './on-abort.ts';

/** What the calls of one client share. */
export interface Connection {
  readonly channels: Channels;
  /** Each is cancelled with its reason as details. */
  readonly live: LiveCalls<string>;
  isClosed: boolean;
}

/** One call, started when it is subscribed to. A request that is no Observable is the one message. */
export function call<O>(connection: Connection, method: Method, request: unknown, options: CallOptions): Observable<O> {
  return new Observable(subscriber => {
    // Encoded before anything else: a message that cannot be sent starts no call.
    const message = isObservable(request) ? undefined : method.requestSerialize(request);
    const started = start(connection, method, options, subscriber);
    if (started === undefined) return;
    const { stream, live } = started;

    let sending: Sending | undefined;
    let status: StatusObject | undefined;
    subscriber.add(() => {
      if (status === undefined) cancel(stream);
      sending?.stop();
    });

    // Backward: headers, responses, the end.
    stream.on('error', ignore); // each status, of an error too, comes as 'status'
    stream.on('status', (received: StatusObject) => {
      status = received;
      sending?.stop();
    });
    listenToHeaders(stream, options, subscriber);
    responses<O>(stream, method, options.prefetch, live.received, output => {
      notify(options.onTrailers, status!.metadata, subscriber);
      if (status!.code === Code.OK) output.complete();
      else output.error(errorFromStatus(status!, method.path));
    }).subscribe(subscriber);

    // Forward: requests, their end.
    if (message !== undefined) {
      live.sent.messages++;
      stream.write(message);
      stream.end();
    } else {
      sending = send(requests(request as Observable<unknown>, method), stream, {
        encode: method.requestSerialize,
        maxQueuedBytes: options.maxQueuedBytes,
        meter: live.sent,
        complete: () => stream.end(),
        error: error => subscriber.error(requestError(error, method)),
      });
      live.queuedBytes = () => sending?.queuedBytes ?? 0;
      if (subscriber.closed || status !== undefined) sending.stop();
    }
  });
}

type Stream = ClientDuplexStream<Buffer, Buffer>;

/**
 * grpc-js loses a cancellation that comes in the turn of the start: a promise later it makes the very thing that had to
 * be cancelled, and nothing ever ends that. A second one, a turn later, does.
 */
function cancel(stream: Stream): void {
  stream.cancel();
  setImmediate(() => stream.cancel());
}

/** The call on its way, and everything that may cut it short; undefined when it has ended before it began. */
function start(
  connection: Connection,
  method: Method,
  options: CallOptions,
  subscriber: Subscriber<unknown>,
): { readonly stream: Stream; readonly live: LiveCall } | undefined {
  const { signal, stallTimeoutMs } = options;
  const parent = options.parent as ParentCall | undefined;
  const end = (code: Code, details: string, cause?: unknown) =>
    subscriber.error(markReceived(new RpcError(code, details, { path: method.path, cause })));
  const cut = (details: string, cause?: unknown) => end(Code.CANCELLED, details, cause);

  if (connection.isClosed) cut('the client is closed');
  else if (signal?.aborted) cut('cancelled by its signal', signal.reason);
  if (subscriber.closed) return undefined;

  const live = connection.live.open(method, cut);
  subscriber.add(() => live.close());
  subscriber.add(
    watchForStall(live.received, stallTimeoutMs, () =>
      end(Code.ABORTED, `no response was taken for ${stallTimeoutMs} ms (stallTimeoutMs)`),
    ),
  );
  if (signal) subscriber.add(onAbort(signal, () => cut('cancelled by its signal', signal.reason)));
  if (parent) subscriber.add(parent[onCancelled](() => cut('cancelled by its parent call')));
  if (subscriber.closed) return undefined;

  const metadata = toMetadata(options.metadata);
  if (options.waitForReady !== undefined) {
    metadata.setOptions({ ...metadata.getOptions(), waitForReady: options.waitForReady });
  }
  const deadline = earliestDeadline(options);
  // grpc-js ends the call, but what it then tells stands behind the responses that nobody takes.
  const heardBy = deadline === undefined ? undefined : new Date(deadline + DEADLINE_SLACK_MS);
  subscriber.add(startDeadline(heardBy, () => end(Code.DEADLINE_EXCEEDED, 'the deadline has passed')));
  const stream = connection.channels
    .for(method)
    .makeBidiStreamRequest(method.path, identity, identity, metadata, deadline === undefined ? {} : { deadline });
  // grpc-js calls back in the async context of whoever made the connection: another caller's AsyncLocalStorage.
  stream.emit = AsyncResource.bind(stream.emit);
  return { stream, live };
}

/** A reader who is not full is told of the deadline by grpc-js first, after all that came before it. */
const DEADLINE_SLACK_MS = 50;

/**
 * Deadlines that are further away count as none, as with timers of Node (24 days): a server of grpc-js would take one for
 * passed, and beyond 10^8 hours its client throws where nobody catches.
 */

function earliestDeadline({ deadline, timeoutMs, parent }: CallOptions): number | undefined {
  const earliest = Math.min(
    deadline?.getTime() ?? Number.POSITIVE_INFINITY,
    Date.now() + (timeoutMs ?? Number.POSITIVE_INFINITY),
    parent?.deadline?.getTime() ?? Number.POSITIVE_INFINITY,
  );
  return earliest - Date.now() > MAX_TIMER_MS ? undefined : earliest;
}

function listenToHeaders(stream: Stream, { onHeaders }: CallOptions, subscriber: Subscriber<unknown>): void {
  if (onHeaders) stream.on('metadata', (headers: Metadata) => notify(onHeaders, headers, subscriber));
}

/** Tells the user; what a callback throws is the call's error, as what an operator's function throws is its Observable's. */
function notify(
  callback: ((metadata: Metadata) => void) | undefined,
  metadata: Metadata | undefined,
  subscriber: Subscriber<unknown>,
): void {
  if (callback === undefined || subscriber.closed) return;
  try {
    callback(metadata ?? new Metadata());
  } catch (error) {
    subscriber.error(error);
  }
}

function responses<O>(
  stream: Stream,
  method: Method,
  prefetch: number | undefined,
  meter: Meter,
  end: (output: Subscriber<O>) => void,
): Observable<O> {
  const { path } = method;
  const fail = (details: string, cause?: unknown) =>
    markReceived(new RpcError(Code.INTERNAL, details, { path, cause }));
  const response$ = new Observable<O>(output =>
    receive(stream, output, {
      decode: method.responseDeserialize,
      prefetch,
      meter,
      end: () => end(output),
      malformed: error => output.error(fail('a response cannot be decoded', error)),
    }),
  );
  return method.responseStream
    ? response$
    : response$.pipe(
        single(values => fail(`expected one response, got ${values === 'none' ? 'none' : 'a second one'}`)),
      );
}

function requests(request$: Observable<unknown>, method: Method): Observable<unknown> {
  return method.requestStream
    ? request$
    : request$.pipe(
        single(values => {
          const details = `expected one request, request$ had ${values === 'none' ? 'none' : 'a second one'}`;
          return markReceived(new RpcError(Code.INTERNAL, details, { path: method.path }));
        }),
      );
}

/** An error of request$ is passed on as it is; that of its queue is a status. */
function requestError(error: unknown, { path }: Method): unknown {
  if (!(error instanceof OverflowError)) return error;
  return markReceived(new RpcError(Code.RESOURCE_EXHAUSTED, error.message, { path, cause: error }));
}

const identity = (bytes: Buffer): Buffer => bytes;
const ignore = (): void => {};
