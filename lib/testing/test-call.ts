import type { PeerCertificate } from 'node:tls';
import type { Metadata } from '@grpc/grpc-js';
import { isObservable, NEVER, type Observable } from 'rxjs';
import { isVirtualTime } from '../backpressure/virtual-time.ts';
import { startDeadline } from '../core/deadline.ts';
import { type MetadataInput, toMetadata } from '../core/metadata.ts';
import type { Method, MethodInfo } from '../core/method.ts';
import { RpcError } from '../core/rpc-error.ts';
import type { ServerCall } from '../core/server-call.ts';
import { Code } from '../core/status.ts';
import { checkOptions, kindOf } from '../core/validate.ts';
import { type IncomingCall, incomingCall } from '../server/incoming-call.ts';
import type { ServerStream } from '../server/transport.ts';

export interface TestCallOptions {
  /** The request headers. */
  readonly metadata?: MetadataInput | undefined;
  /** When the call is cut with DEADLINE_EXCEEDED; in virtual time `new Date(ms)`. It keeps no process alive. Default: never. */
  readonly deadline?: Date | undefined;
  /** A method of a service (`Users.CreateUser`), or its path and shape. Default: `/test.Test/Call`, a stream both ways. */
  readonly method?: MethodInfo | undefined;
  /** Default: `in-process`. */
  readonly peer?: string | undefined;
  readonly peerCertificate?: PeerCertificate | undefined;
  /** What `call.draining$` is. Default: the server never shuts down. */
  readonly draining$?: Observable<void> | undefined;
}

/** A {@link ServerCall} without a call. What middleware would have found out is set with `call.context.set(key, value)`. */
export interface TestCall extends ServerCall, Disposable {
  /** What the handler gave to sendHeaders; undefined as long as it has not. */
  readonly headers: Metadata | undefined;
  /**
   * Cuts the call short: its signal aborts, `cancelled$` emits, calls made on behalf of it are cancelled. request$ is
   * yours: of a real call it errors with the same reason. Default: CANCELLED.
   */
  cancel(reason?: RpcError): void;
  /** The call has ended well: `cancelled$` and `draining$` complete. `using call = testCall()` does it. */
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
 * A call to give to a handler: `handler(of(request), testCall({ metadata: { authorization: 'Bearer x' } }))`. It is what a
 * server makes for each call, without a caller: `sendHeaders` ends in `headers`, what the handler sets is in `trailers`.
 *
 * @throws TypeError when an option is unknown or of the wrong kind.
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
  const stream: Partial<ServerStream> = {
    metadata: toMetadata(options.metadata),
    getPeer: () => peer,
    getDeadline: () => deadline ?? Number.POSITIVE_INFINITY,
    getAuthContext: () => (peerCertificate === undefined ? {} : { sslPeerCertificate: peerCertificate }),
    sendMetadata: sent => {
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
  const call: IncomingCall = incomingCall(stream as ServerStream, method, { draining$, abort: end });
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

/** A test ends when its assertions do, and not when the deadlines of its calls have passed. */
function startTimer(deadline: Date | undefined, passed: () => void): () => void {
  if (deadline === undefined || isVirtualTime()) return startDeadline(deadline, passed);
  const delayMs = deadline.getTime() - Date.now();
  if (delayMs > 2 ** 31 - 1) return () => {};
  const timer = setTimeout(passed, delayMs).unref();
  return () => clearTimeout(timer);
}
