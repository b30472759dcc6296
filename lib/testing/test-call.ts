import type { PeerCertificate } from 'node:tls';
import type { Metadata } from '@grpc/grpc-js';
import { isObservable, NEVER, type Observable } from 'rxjs';
import { isVirtualTime } from '../backpressure/virtual-time.ts';
import type { ServerChannel } from '../call/message-channel.ts';
import { startDeadline } from '../core/deadline.ts';
import { type MetadataInput, toMetadata } from '../core/metadata.ts';
import type { Method, MethodInfo } from '../core/method.ts';
import { RpcError } from '../core/rpc-error.ts';
import type { ServerCall } from '../core/server-call.ts';
import { Code } from '../core/status.ts';
import { checkOptions, kindOf } from '../core/validate.ts';
import { type IncomingCall, incomingCall } from '../server/incoming-call.ts';

export interface TestCallOptions {
  /** The request headers. */
  readonly metadata?: MetadataInput | undefined;
  /**
   * The time at which the call is aborted with DEADLINE_EXCEEDED; in virtual time `new Date(ms)`. Its timer does not
   * keep the process alive. Default: never.
   */
  readonly deadline?: Date | undefined;
  /**
   * A method of a service (`Users.CreateUser`), or its path and shape. Default: `/test.Test/Call`, with streams in both
   * directions.
   */
  readonly method?: MethodInfo | undefined;
  /** Default: `in-process`. */
  readonly peer?: string | undefined;
  readonly peerCertificate?: PeerCertificate | undefined;
  /** The `call.draining$`. Default: the server never shuts down. */
  readonly draining$?: Observable<void> | undefined;
}

/**
 * A {@link ServerCall} without a connection. Set the values that middleware would set with `call.context.set(key,
 * value)`.
 */
export interface TestCall extends ServerCall, Disposable {
  /** The headers that the handler has sent with sendHeaders; undefined until then. */
  readonly headers: Metadata | undefined;
  /**
   * Aborts the call: its signal aborts, `cancelled$` emits, and calls made on its behalf are cancelled. The test owns
   * request$; in a real call, request$ errors with the same reason. Default reason: CANCELLED.
   */
  cancel(reason?: RpcError): void;
  /** Ends the call normally: `cancelled$` and `draining$` complete. `using call = testCall()` calls it. */
  end(): void;
}

const known: readonly (keyof TestCallOptions)[] = [
  'metadata',
  'deadline',
  'method',
  'peer',
  'peerCertificate',
  'draining$',
];

/**
 * Makes a call for a handler: `handler(of(request), testCall({ metadata: { authorization: 'Bearer x' } }))`. It is the
 * object that a server makes for each call, without a caller. Headers that the handler sends are in `headers`, and
 * trailers that it sets in `trailers`.
 *
 * @throws TypeError when an option is unknown or has the wrong type.
 */
export function testCall(options: TestCallOptions = {}): TestCall {
  checkOptions('testCall', options, known);
  const { deadline, peer = 'in-process', draining$ = NEVER, peerCertificate } = options;
  const method = methodOf(options.method);
  if (deadline !== undefined && !(deadline instanceof Date && !Number.isNaN(deadline.getTime()))) {
    throw new TypeError(`testCall: expected deadline to be a valid Date, got ${kindOf(deadline)}`);
  }
  if (!isObservable(draining$)) {
    throw new TypeError(`testCall: expected draining$ to be an Observable, got ${kindOf(draining$)}`);
  }
  let headers: Metadata | undefined;
  const channel: Partial<ServerChannel> = {
    metadata: toMetadata(options.metadata),
    getPeer: () => peer,
    getDeadline: () => deadline ?? Number.POSITIVE_INFINITY,
    getAuthContext: () => (peerCertificate === undefined ? {} : { sslPeerCertificate: peerCertificate }),
    sendHeaders: sent => {
      headers = sent;
    },
  };

  let hasEnded = false;
  const end = (reason?: RpcError): void => {
    if (hasEnded) return;
    hasEnded = true;
    stopDeadline();
    endCall(reason);
  };
  const failure = (code: Code, details: string) => new RpcError(code, details, { path: method.path });
  const call: IncomingCall = incomingCall(channel as ServerChannel, method, { draining$, abort: end });
  const endCall = call.end.bind(call);
  const stopDeadline = startTimer(deadline, () => end(failure(Code.DEADLINE_EXCEEDED, 'the deadline has passed')));
  return Object.defineProperties(call, {
    headers: { get: () => headers },
    cancel: { value: (reason = failure(Code.CANCELLED, 'cancelled by the caller')) => end(reason) },
    end: { value: () => end() },
    [Symbol.dispose]: { value: () => end() },
  }) as IncomingCall & TestCall;
}

function methodOf(method: MethodInfo = { path: '/test.Test/Call', requestStream: true, responseStream: true }): Method {
  if (typeof method?.path === 'string') return method as Method;
  throw new TypeError(`testCall: expected method to be a method of a service, got ${kindOf(method)}`);
}

/** The timer is unreferenced: a test ends with its assertions, and not with the deadlines of its calls. */
function startTimer(deadline: Date | undefined, passed: () => void): () => void {
  if (deadline === undefined || isVirtualTime()) return startDeadline(deadline, passed);
  const delayMs = deadline.getTime() - Date.now();
  if (delayMs > 2 ** 31 - 1) return () => {};
  const timer = setTimeout(passed, delayMs).unref();
  return () => clearTimeout(timer);
}
