import { Observable, type Subscriber } from 'rxjs';
import type { Roster } from '../call/linked-list.ts';
import type { LiveCalls } from '../call/live-calls.ts';
import type { CallOptions } from '../core/call-options.ts';
import type { Method } from '../core/method.ts';
import { type Captured, subscribedAt, type Trace, TracedCall } from './call-trace.ts';
import { Calling } from './calling.ts';
import type { Transport } from './transport.ts';

/** What the calls of one client share. */
export interface Connection {
  readonly transport: Transport;
  /** Each is cancelled with its reason as details. */
  readonly live: LiveCalls<string>;
  /** Of calls with middleware, each with what cuts it with a reason; there may be none in `live` yet. */
  readonly behindMiddleware: Roster<(details: string) => void>;
  isClosed: boolean;
}

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
  const begin = (subscriber: Subscriber<O>, trace: Trace): void =>
    new Calling(connection, method, options, subscriber, trace).begin(request);
  const known = (options as { [subscribedAt]?: Trace })[subscribedAt];
  return known === undefined
    ? new TracedCall(method.path, begin, made)
    : new Observable<O>(subscriber => begin(subscriber, known));
}
