import { ServerInterceptingCall, type ServerInterceptingCallInterface } from '@grpc/grpc-js';
import type { Leave } from '../call/linked-list.ts';
import type { CallOwner, LiveCall, LiveCalls } from '../call/live-calls.ts';
import type { AgedConnection } from '../call/message-channel.ts';
import type { MethodInfo } from '../core/method.ts';
import type { RpcError } from '../core/rpc-error.ts';

type Listener = Parameters<ServerInterceptingCallInterface['start']>[0];
type Status = Parameters<ServerInterceptingCallInterface['sendStatus']>[0];

/**
 * A call of a service that is not implement()'s, on a server of serve(): plain handlers of grpc-js, a health service. Its handler
 * has no `draining$`. It is among the live calls of the server, and can be cut; what its handler sends behind that goes nowhere.
 */
export class ForeignCall extends ServerInterceptingCall implements CallOwner<RpcError> {
  readonly peer: string;
  readonly isUntold = true;
  readonly #call: ServerInterceptingCallInterface;
  readonly #method: MethodInfo;
  readonly #all: LiveCalls<RpcError>;
  readonly #connection: AgedConnection | undefined;
  #live: LiveCall<RpcError> | undefined;
  #leave: Leave | undefined;
  #isCut = false;

  constructor(
    call: ServerInterceptingCallInterface,
    method: MethodInfo,
    all: LiveCalls<RpcError>,
    connection: AgedConnection | undefined,
  ) {
    super(call);
    this.peer = call.getPeer();
    this.#call = call;
    this.#method = method;
    this.#all = all;
    this.#connection = connection;
  }

  override start(listener: Listener): void {
    super.start({
      onReceiveMetadata: metadata => {
        this.#live = this.#all.open(this.#method, this);
        this.#leave = this.#connection?.open(this);
        listener.onReceiveMetadata(metadata);
      },
      onReceiveMessage: message => {
        this.#live!.received.messages++;
        listener.onReceiveMessage(message);
      },
      onReceiveHalfClose: () => listener.onReceiveHalfClose(),
      // Comes at the end of each call, of one that ends well, too.
      onCancel: () => {
        this.#end();
        listener.onCancel();
      },
    });
  }

  override sendMessage(message: any, callback: () => void): void {
    if (this.#isCut) return;
    if (this.#live !== undefined) this.#live.sent.messages++;
    super.sendMessage(message, callback);
  }

  override sendStatus(status: Status): void {
    if (!this.#isCut) super.sendStatus(status);
  }

  abort({ code, details }: RpcError): void {
    if (this.#isCut) return;
    this.#isCut = true;
    this.#end();
    this.#call.sendStatus({ code: code as number, details, metadata: null });
  }

  #end(): void {
    this.#live?.close();
    this.#leave?.();
  }
}
