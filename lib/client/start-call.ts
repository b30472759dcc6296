import { asyncScheduler, type Subscriber } from 'rxjs';
import { startDeadline } from '../deadline.ts';
import { bindContext } from '../flow/context.ts';
import { MAX_TIMER_MS, watchForStall } from '../flow/stall.ts';
import type { LiveCall } from '../live-calls.ts';
import { toMetadata } from '../metadata.ts';
import { onAbort } from '../on-abort.ts';
import type { CallOptions, Method } from '../rpc.ts';
import { onCancelled, type ParentCall } from '../server-call.ts';
import { Code, isRpcError } from '../status.ts';
import type { Connection, Failure } from './call.ts';
import { checkedCredentials } from './call-credentials.ts';
import type { ClientStream } from './transport.ts';

/** The call on its way; its deadline in milliseconds since the epoch. */
export interface StartedCall {
  readonly stream: ClientStream;
  readonly live: LiveCall;
  readonly deadline: number | undefined;
}

/** The call on its way, and everything that may cut it short; undefined when it has ended before it began. */
export function startCall(
  connection: Connection,
  method: Method,
  options: CallOptions,
  subscriber: Subscriber<unknown>,
  failure: Failure,
): StartedCall | undefined {
  const { signal, stallTimeoutMs, host, credentials, compression } = options;
  const parent = options.parent as ParentCall | undefined;
  const end = bindContext((code: Code, details: string, cause?: unknown) =>
    subscriber.error(failure(code, details, cause)),
  );
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
  if (parent) subscriber.add(parent[onCancelled](reason => cut('cancelled by its parent call', reason)));
  if (subscriber.closed) return undefined;

  const metadata = toMetadata(options.metadata);
  if (options.waitForReady !== undefined) {
    metadata.setOptions({ ...metadata.getOptions(), waitForReady: options.waitForReady });
  }
  const deadline = earliestDeadline(options);
  // grpc-js ends the call, but what it then tells stands behind the responses that nobody takes.
  const heardBy = deadline === undefined ? undefined : new Date(deadline + DEADLINE_SLACK_MS);
  subscriber.add(startDeadline(heardBy, () => end(Code.DEADLINE_EXCEEDED, 'the deadline has passed')));
  try {
    const checked = credentials && checkedCredentials(credentials, metadata);
    const stream = connection.transport.open(method, { metadata, deadline, host, credentials: checked, compression });
    return { stream, live, deadline };
  } catch (error) {
    if (!isRpcError(error)) throw error;
    end(error.code, error.details);
    return undefined;
  }
}

/** A reader who is not full is told of the deadline by grpc-js first, after all that came before it. */
const DEADLINE_SLACK_MS = 50;

/**
 * Deadlines that are further away count as none, as with timers of Node (24 days): a server of grpc-js would take one for
 * passed, and beyond 10^8 hours its client throws where nobody catches.
 */
function earliestDeadline({ deadline, timeoutMs, parent }: CallOptions): number | undefined {
  const now = asyncScheduler.now();
  const earliest = Math.min(
    deadline?.getTime() ?? Number.POSITIVE_INFINITY,
    now + (timeoutMs ?? Number.POSITIVE_INFINITY),
    parent?.deadline?.getTime() ?? Number.POSITIVE_INFINITY,
  );
  return earliest - now > MAX_TIMER_MS ? undefined : earliest;
}
