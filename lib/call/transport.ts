import type { Observable } from 'rxjs';
import type { CallCredentials, Compression } from '../core/call-options.ts';
import type { Metadata } from '../core/metadata.ts';
import type { Method } from '../core/method.ts';
import type { ClientChannel, ClientListener } from './message-channel.ts';

/** Carries the calls of one client: over channels of grpc-js, or to a server in the same process. */
export interface Transport {
  /** Begins a call: sends the request headers. @throws RpcError when the options do not allow for the call. */
  open(method: Method, options: OpenOptions, listener: ClientListener): ClientChannel;
  /** The state of the connection, now and whenever it changes; SHUTDOWN is the last. */
  readonly state$: Observable<ConnectivityState>;
  /** Begins to connect if there is no connection yet. */
  connect(): void;
  /** Closes what this transport has opened. */
  close(): void;
}

/** The states of a channel, as gRPC names them. */
export type ConnectivityState = 'IDLE' | 'CONNECTING' | 'READY' | 'TRANSIENT_FAILURE' | 'SHUTDOWN';

export interface OpenOptions {
  /** The request headers. */
  readonly metadata: Metadata;
  /** Milliseconds since the epoch. */
  readonly deadline: number | undefined;
  readonly host: string | undefined;
  readonly credentials: CallCredentials | undefined;
  readonly compression: Compression | undefined;
}
