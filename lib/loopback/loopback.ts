import { isObservable, NEVER, type Observable } from 'rxjs';
import { type ClientDefaults, clientDefaults, createClient } from '../client/client.ts';
import { captureContext, outsideContext } from '../core/async-context.ts';
import type { Method } from '../core/method.ts';
import { type ClientOf, methodsOf } from '../core/service.ts';
import { checkOptions, kindOf } from '../core/validate.ts';
import { type Bound, bindTo, type Serve } from '../server/implement.ts';
import { type ServerDefaults, serverContextOf, serverDefaults } from '../server/serve.ts';
import type { ServerContext } from '../server/server-context.ts';
import { loopTransport } from './loop-transport.ts';

/** The options of a client stand at the top, those of its server in `server`. */
export interface LoopbackOptions<S = any> extends ClientDefaults<S> {
  readonly server?: ServerDefaults | undefined;
  /**
   * Whether messages become bytes and are read again, as over the wire. Without it a message is handed over as it is: faster,
   * but what is absent stays absent, and both sides hold the same object. Default: true.
   */
  readonly serialize?: boolean | undefined;
  /**
   * What `call.draining$` is on the server; each call subscribes to it anew, so that calls which come later are told by a
   * ReplaySubject, not by a Subject. Default: it never shuts down.
   */
  readonly draining$?: Observable<void> | undefined;
}

/**
 * A client of a service in this process, without a socket. What is promised of calls holds here as over the wire: order,
 * backpressure, deadlines, cancellation, metadata, statuses, middleware; compression, `host` and the limit of a message's
 * size have no meaning. Each side hears of the other when that has returned, in microtasks, and in a TestScheduler's `run` in
 * virtual time, where handlers that use promises have no place. A call that waits keeps no process alive.
 *
 * What is buffered: 16 messages in each direction, beside the 12 or 64 KiB that every call has in flight.
 *
 * @param service what implement() gave.
 * @throws TypeError, RangeError when an argument is of the wrong kind.
 */
export function loopback<S>(service: Bound<S>, options: LoopbackOptions<NoInfer<S>> = {}): ClientOf<S> {
  checkOptions('loopback', options, ['server', 'serialize', 'draining$', ...clientDefaults]);
  const { server = {}, serialize = true, draining$ = NEVER } = options;
  checkOptions('loopback', server, serverDefaults);
  if (typeof serialize !== 'boolean') {
    throw new TypeError(`loopback: expected serialize to be true or false, got ${kindOf(serialize)}`);
  }
  if (!isObservable(draining$)) {
    throw new TypeError(`loopback: expected draining$ to be an Observable, got ${kindOf(draining$)}`);
  }
  if (service?.service === undefined) {
    throw new TypeError(`loopback: expected what implement() gives, got ${kindOf(service)}`);
  }
  const codecOf = serialize ? (method: Method) => method : unserialized;
  const context = { ...serverContextOf('loopback', server, draining$), codecOf };
  const serves = servesByPath(service, context);
  const methods = methodsOf(service.service as object).map(([name, method]) => [name, codecOf(method)] as const);
  // As a server's handlers run in the async context of who serves, and not in that of who calls.
  const inContext = captureContext() ?? outsideContext;
  const client = createClient('loopback', Object.fromEntries(methods) as S, options as LoopbackOptions, () =>
    loopTransport(serves, inContext),
  );
  const self = {};
  context.live.belongTo(self);
  servers.set(client as object, self);
  return client;
}

const servers = new WeakMap<object, object>();

/** The server of a client of loopback(), for `inspect`; undefined of any other client. */
export function serverBehind(client: object): object | undefined {
  return servers.get(client);
}

function servesByPath(service: Bound, context: ServerContext): ReadonlyMap<string, Serve> {
  const serves = bindTo(context, service);
  if (serves === undefined) throw new TypeError('loopback: expected what implement() gives, got a copy of it');
  return new Map([...serves].map(([name, serve]) => [service.definition[name]!.path, serve]));
}

/** A message as it is, in place of its bytes: it counts for none, so that of those on their way only their number is bounded. */
class Unserialized {
  readonly byteLength = 0;
  readonly message: unknown;

  constructor(message: unknown) {
    this.message = message;
  }
}

/** The method without serialization: messages are passed by reference. */
function unserialized(method: Method): Method {
  return {
    ...method,
    requestSerialize: box,
    requestDeserialize: unbox,
    responseSerialize: box,
    responseDeserialize: unbox,
  };
}

const box = (message: unknown): Buffer => new Unserialized(message) as unknown as Buffer;
const unbox = (bytes: Buffer): unknown => (bytes as unknown as Unserialized).message;
