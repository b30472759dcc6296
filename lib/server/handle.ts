import { AsyncResource } from 'node:async_hooks';
import type { Metadata, ServerDuplexStream } from '@grpc/grpc-js';
import { defer, Observable, type ObservableInput, type Subscriber } from 'rxjs';
import { fromInput } from '../flow/input.ts';
import { OverflowError } from '../flow/overflow-error.ts';
import { receive } from '../flow/receive.ts';
import { type Sending, send } from '../flow/send.ts';
import { single } from '../flow/single.ts';
import { checkSendable, sendable } from '../metadata.ts';
import type { Method, ServerCall } from '../rpc.ts';
import { Code, hiddenStatus, RpcError, statusToSend } from '../status.ts';
import { isPast, startDeadline } from './deadline.ts';
import { type Hooks, report } from './hooks.ts';
import { incomingCall } from './incoming-call.ts';

export type AnyHandler = (request$: Observable<any>, call: ServerCall) => ObservableInput<any>;

export interface Served {
  readonly method: Method;
  readonly handler: AnyHandler;
  /** The handler is a method of a client of ours. */
  readonly isProxy: boolean;
}

/** Runs one incoming call: the handler is called once, what it returns is sent, and how that ends is the status. */
export function handle(stream: ServerDuplexStream<Buffer, Buffer>, served: Served, hooks: Hooks): void {
  const { method, handler, isProxy } = served;
  const { path } = method;
  const call = incomingCall(stream, method);
  const failure = (code: Code, details: string, cause?: unknown) => new RpcError(code, details, { path, cause });
  let hasEnded = false;
  let reader: Subscriber<unknown> | undefined;
  let whyOver: RpcError | undefined;
  let sending: Sending | undefined;

  /**
   * Every end passes through here, once; with an error when the call was cut short. What request$ is told comes before
   * response$ is unsubscribed, so that its handler can still act on it.
   */
  const end = (error: RpcError | undefined): boolean => {
    if (hasEnded) return false;
    hasEnded = true;
    stopDeadline();
    hooks.live.delete(cut);
    whyOver = error ?? failure(Code.CANCELLED, 'the call has ended');
    if (error === undefined) reader?.unsubscribe();
    else {
      call.cancel(error);
      reader?.error(error);
    }
    sending?.stop();
    return true;
  };

  // Completion forward.
  const complete = (): void => {
    const unfit = whyUnfit(call.trailers);
    if (unfit !== undefined) fail(unfit);
    else if (end(undefined)) stream.end(call.trailers);
  };

  // Error forward.
  const fail = (error: unknown, forReader?: RpcError): void => {
    if (!end(forReader)) return;
    const status = statusToSend(error, isProxy);
    if (status === undefined) report(hooks, error, call);
    const { code, details, metadata } = status ?? hiddenStatus();
    const trailers = call.trailers.clone();
    trailers.merge(metadata);
    stream.emit('error', { code, details, metadata: sendable(trailers) });
  };

  // Cancellation backward.
  const cancel = (): void => {
    if (hasEnded) return;
    const isLate = isPast(call.deadline);
    end(
      isLate
        ? failure(Code.DEADLINE_EXCEEDED, 'the deadline has passed')
        : failure(Code.CANCELLED, 'cancelled by the caller'),
    );
  };

  // Error backward: the call cannot go on, and the caller is told why.
  const cut = (error: RpcError): void => fail(error, error);

  const request$ = new Observable<unknown>(subscriber => {
    if (reader !== undefined) {
      throw new Error(`${path}: request$ can be subscribed to once; share() it if two parts of the handler need it`);
    }
    reader = subscriber;
    if (whyOver !== undefined) return subscriber.error(whyOver);
    stream.emit = AsyncResource.bind(stream.emit); // requests come in the async context of who asked for them
    let messages = 0;
    receive<unknown>(stream, subscriber, {
      decode: bytes => {
        messages++;
        return method.requestDeserialize(bytes);
      },
      malformed: error => cut(failure(Code.INTERNAL, 'a request cannot be decoded', error)),
      end: () => {
        if (!method.requestStream && messages > 0) subscriber.complete();
        else afterTwoTurns(() => subscriber.complete());
      },
    });
  });

  const requests = (): Observable<unknown> =>
    method.requestStream
      ? request$
      : request$.pipe(
          single(values => {
            const error = failure(
              Code.INTERNAL,
              `expected one request, got ${values === 'none' ? 'none' : 'a second one'}`,
            );
            cut(error);
            return error;
          }),
        );

  const responses = (): Observable<unknown> => {
    const response$ = defer(() => fromInput(handler(requests(), call)));
    return method.responseStream
      ? response$
      : response$.pipe(
          single(values =>
            failure(
              Code.INTERNAL,
              `expected one response, the handler gave ${values === 'none' ? 'none' : 'a second one'}`,
            ),
          ),
        );
  };

  hooks.live.add(cut);
  const stopDeadline = startDeadline(call.deadline, cancel);
  stream.on('cancelled', cancel); // comes after a call that ended well, too
  sending = send(responses(), stream, {
    encode: value => {
      const bytes = method.responseSerialize(value);
      call.headersAreSent();
      return bytes;
    },
    maxQueuedBytes: hooks.maxQueuedBytes,
    complete,
    error: (error, flush) => {
      if (error instanceof OverflowError) fail(failure(Code.RESOURCE_EXHAUSTED, error.message, error));
      else flush(() => fail(error));
    },
  });
  if (hasEnded) sending.stop();
}

function whyUnfit(trailers: Metadata): unknown {
  try {
    checkSendable(trailers);
  } catch (error) {
    return error;
  }
  return undefined;
}

/**
 * A cancelled upload first looks like one that was half-closed; that it was cancelled is known up to two turns of the event
 * loop later. Completing it at once would let its handler commit half of it.
 */
function afterTwoTurns(then: () => void): void {
  setImmediate(() => setImmediate(then));
}
