import { Observable, type Subscriber } from 'rxjs';
import type { CallOptions } from '../core/call-options.ts';
import type { Method } from '../core/method.ts';
import { type Captured, subscribedAt, type Trace, TracedCall } from './call-trace.ts';
import { Calling, type Connection } from './calling.ts';

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
