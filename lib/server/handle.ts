import type { Metadata, StatusObject } from '@grpc/grpc-js';
import { defer } from 'rxjs';
import type { Rpc } from '../compose.ts';
import { isPast, startDeadline } from '../deadline.ts';
import { OverflowError } from '../flow/overflow-error.ts';
import { type Sending, send } from '../flow/send.ts';
import { single } from '../flow/single.ts';
import { watchForStall } from '../flow/stall.ts';
import { type FlowOptions, mergeFlowOptions } from '../flow-options.ts';
import { checkSendable, sendable } from '../metadata.ts';
import type { Method } from '../rpc.ts';
import { Code, hiddenStatus, RpcError, statusToSend } from '../status.ts';
import { type Hooks, report } from './hooks.ts';
import { type IncomingCall, incomingCall } from './incoming-call.ts';
import { requests } from './requests.ts';
import type { ServerStream } from './transport.ts';

export interface Served {
  readonly method: Method;
  /** The handler, with the middleware before it. */
  readonly rpc: Rpc<IncomingCall>;
  /** Of its service; the server's stand behind. */
  readonly flow: FlowOptions;
}

/** Runs one incoming call: the handler is called once, what it returns is sent, and how that ends is the status. */
export function handle(stream: ServerStream, served: Served, hooks: Hooks): void {
  const { method, rpc } = served;
  const { path } = method;
  const { maxQueuedBytes, prefetch, stallTimeoutMs } = mergeFlowOptions(served.flow, hooks.flow);
  const failure = (code: Code, details: string, cause?: unknown) => new RpcError(code, details, { path, cause });
  let hasEnded = false;
  let sending: Sending | undefined;

  /**
   * Every end passes through here, once; with an error when the call was cut short. What request$ is told comes before
   * response$ is unsubscribed, so that its handler can still act on it.
   */
  const end = (error: RpcError | undefined): boolean => {
    if (hasEnded) return false;
    hasEnded = true;
    stopDeadline();
    stopWatching();
    live.close();
    call.inContext(() => {
      call.end(error);
      incoming.end(error);
      sending?.stop();
    });
    return true;
  };

  // Completion forward.
  const complete = (): void => {
    const unfit = call.askedTrailers && whyUnfit(call.askedTrailers);
    if (unfit !== undefined) fail(unfit);
    else if (end(undefined)) stream.end(call.askedTrailers);
  };

  // Error forward.
  const fail = (error: unknown, forReader?: RpcError): void => {
    if (!end(forReader)) return;
    const status = statusOrNothing(error);
    if (status === undefined) report(hooks, error, call);
    const { code, details, metadata } = status ?? hiddenStatus();
    const trailers = call.trailers.clone();
    for (const key of Object.keys(metadata.getMap())) trailers.remove(key); // else two values of one key would be joined
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

  const call = incomingCall(stream, method, { draining$: hooks.draining$, cut });
  void call.peer; // a connection that is lost has none, and its call still knows it
  const live = hooks.live.open(method, cut);
  const stopDeadline = startDeadline(call.deadline, cancel);
  const stopWatching = watchForStall(live.received, stallTimeoutMs, () =>
    cut(failure(Code.ABORTED, `the handler has taken no request for ${stallTimeoutMs} ms (stallTimeoutMs)`)),
  );
  const incoming = requests(stream, method, {
    prefetch,
    meter: live.received,
    isEndCertain: hooks.inProcess !== undefined,
    violated: cut,
  });
  const response$ = defer(() => rpc(incoming.request$, call));
  const one = single<unknown>(values => {
    const details = `expected one response, the handler gave ${values === 'none' ? 'none' : 'a second one'}`;
    return failure(Code.INTERNAL, details);
  });

  stream.on('cancelled', cancel); // comes after a call that ended well, too
  sending = send(method.responseStream ? response$ : response$.pipe(one), stream, {
    encode: value => {
      const bytes = method.responseSerialize(value);
      call.headersAreSent();
      return bytes;
    },
    maxQueuedBytes,
    meter: live.sent,
    complete,
    error: (error, flush) => {
      if (error instanceof OverflowError) fail(failure(Code.RESOURCE_EXHAUSTED, error.message, error));
      else flush(() => fail(error));
    },
  });
  live.queuedBytes = () => sending?.queuedBytes ?? 0;
  if (hasEnded) sending.stop();
}

/** Of an error that cannot even be read nothing is told, as of any other that is not for the caller. */
function statusOrNothing(error: unknown): StatusObject | undefined {
  try {
    return statusToSend(error);
  } catch {
    return undefined;
  }
}

function whyUnfit(trailers: Metadata): unknown {
  try {
    checkSendable(trailers);
  } catch (error) {
    return error;
  }
  return undefined;
}
