import { Metadata, type StatusObject } from '@grpc/grpc-js';
import { isObservable, Observable, type Subscriber } from 'rxjs';
import { isPast } from '../deadline.ts';
import { bindKnownContext } from '../flow/context.ts';
import { OverflowError } from '../flow/overflow-error.ts';
import { receive } from '../flow/receive.ts';
import { type One, receiveOne } from '../flow/receive-one.ts';
import { send } from '../flow/send.ts';
import { sendOne } from '../flow/send-one.ts';
import type { LiveCalls } from '../live-calls.ts';
import type { CallOptions, Method } from '../rpc.ts';
import { Code, errorFromStatus, leadTo, markReceived, RpcError } from '../status.ts';
import { type Captured, subscribedAt, type Trace, TracedCall } from './call-trace.ts';
import { startCall } from './start-call.ts';
import type { Transport } from './transport.ts';

/** What the calls of one client share. */
export interface Connection {
  readonly transport: Transport;
  /** Each is cancelled with its reason as details. */
  readonly live: LiveCalls<string>;
  /** Of calls with middleware, each with what cuts it with a reason; there may be none in `live` yet. */
  readonly behindMiddleware: Set<(details: string) => void>;
  isClosed: boolean;
}

/** Makes the errors of one call that its own side finds; they count as received, so that no server shows them. */
export type Failure = (code: Code, details: string, cause?: unknown) => RpcError;

/**
 * One call, started when it is subscribed to. A request that is no Observable is the one message.
 *
 * @param made where it was made; left out where middleware made it.
 */
export function call<O>(
  connection: Connection,
  method: Method,
  request: unknown,
  options: CallOptions,
  made?: Captured,
): Observable<O> {
  const begin = (subscriber: Subscriber<O>, trace: Trace): void => {
    const failure: Failure = (code, details, cause) =>
      leadTo(markReceived(new RpcError(code, details, { path: method.path, cause })), trace);

    // Encoded before anything else: a message that cannot be sent starts no call.
    const message = isObservable(request) ? undefined : method.requestSerialize(request);
    const started = startCall(connection, method, options, subscriber, failure);
    if (started === undefined) return;
    const { stream, live, deadline } = started;

    let stopSending: (() => void) | undefined;
    let status: StatusObject | undefined;
    subscriber.add(() => {
      if (status === undefined) stream.cancel();
      stopSending?.();
    });

    // Backward: headers, responses, the end.
    const { onHeaders, onTrailers } = options;
    stream.on(
      'status',
      bindKnownContext((received: StatusObject) => {
        status = isLateReset(received, deadline) ? { ...received, ...deadlineExceeded } : received;
        stopSending?.();
      }),
    );
    if (onHeaders) {
      stream.on(
        'metadata',
        bindKnownContext((headers: Metadata) => notify(onHeaders, headers, subscriber)),
      );
    }
    const fail = (error: unknown) => subscriber.error(error);
    const end = (message?: One<O>): void => {
      notify(onTrailers, status!.metadata, subscriber);
      if (status!.code !== Code.OK) return fail(leadTo(errorFromStatus(status!, method.path), trace));
      if (!method.responseStream) {
        if (message === undefined) return fail(failure(Code.INTERNAL, 'expected one response, got none'));
        subscriber.next(message.value);
      }
      subscriber.complete();
    };
    const receiving = {
      decode: method.responseDeserialize,
      isContextKnown: true, // by startCall
      meter: live.received,
      end,
      malformed: (error: unknown) => fail(failure(Code.INTERNAL, 'a response cannot be decoded', error)),
    };
    if (method.responseStream) receive(stream, subscriber, { ...receiving, prefetch: options.prefetch });
    else {
      const exceeded = () => fail(failure(Code.INTERNAL, 'expected one response, got a second one'));
      receiveOne(stream, subscriber, { ...receiving, exceeded });
    }

    // Forward: requests, their end.
    const give = (request: Uint8Array): void => {
      live.sent.messages++;
      stream.write(request, ignore);
      stream.end();
    };
    if (message !== undefined) give(message);
    else if (method.requestStream) {
      const sending = send(request as Observable<unknown>, stream, {
        encode: method.requestSerialize,
        maxQueuedBytes: options.maxQueuedBytes,
        meter: live.sent,
        complete: () => stream.end(),
        // An error of request$ is passed on as it is; that of its queue is a status.
        error: error =>
          fail(error instanceof OverflowError ? failure(Code.RESOURCE_EXHAUSTED, error.message, error) : error),
      });
      stopSending = () => sending.stop();
      live.sending = sending;
    } else {
      const sending = sendOne(request as Observable<unknown>, {
        send: value => give(method.requestSerialize(value)),
        violated: values => {
          const details = `expected one request, request$ had ${values === 'none' ? 'none' : 'a second one'}`;
          fail(failure(Code.INTERNAL, details));
        },
        error: fail,
      });
      stopSending = () => sending.unsubscribe();
    }
    if (subscriber.closed || status !== undefined) stopSending?.();
  };
  const known = (options as { [subscribedAt]?: Trace })[subscribedAt];
  return known === undefined ? new TracedCall(begin, made) : new Observable<O>(subscriber => begin(subscriber, known));
}

/**
 * A server that resets the call at its deadline may be faster than our own clock: what grpc-js makes of the reset, CANCELLED, is
 * what the server's clock meant by DEADLINE_EXCEEDED.
 */
function isLateReset({ code, details }: StatusObject, deadline: number | undefined): boolean {
  return code === Code.CANCELLED && details === RESET_BY_PEER && deadline !== undefined && isPast(new Date(deadline));
}

/** The text of grpc-js 1.14 for a reset with the code CANCEL, and for nothing else. */
const RESET_BY_PEER = 'Call cancelled';

const deadlineExceeded = { code: Code.DEADLINE_EXCEEDED as number, details: 'the deadline has passed' };

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

const ignore = (): void => {};
