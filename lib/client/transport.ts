import type { CallCredentials, Metadata, StatusObject } from '@grpc/grpc-js';
import type { Observable } from 'rxjs';
import type { ByteSource } from '../call/receive.ts';
import type { ByteSink } from '../call/send.ts';
import type { Compression } from '../core/call-options.ts';
import type { Method } from '../core/method.ts';

/** What carries the calls of one client: grpc-js's channels, or a server in the same process. */
export interface Transport {
  /** Begins a call. @throws RpcError when it cannot be made with these options. */
  open(method: Method, options: OpenOptions): ClientStream;
  /** The state of the connection, now and whenever it changes; SHUTDOWN is the last. */
  readonly state$: Observable<ConnectivityState>;
  /** Begins to connect where nothing has yet. */
  connect(): void;
  /** Closes what was opened here. */
  close(): void;
}

/** The states of a channel, as gRPC names them. */
export type ConnectivityState = 'IDLE' | 'CONNECTING' | 'READY' | 'TRANSIENT_FAILURE' | 'SHUTDOWN';

export interface OpenOptions {
  readonly metadata: Metadata;
  /** Milliseconds since the epoch. */
  readonly deadline: number | undefined;
  readonly host: string | undefined;
  readonly credentials: CallCredentials | undefined;
  readonly compression: Compression | undefined;
}

/** One call, as a stream of bytes; what a ClientDuplexStream of grpc-js is to us. */
export interface ClientStream extends ByteSink, ByteSource {
  /** The half-close. */
  end(): unknown;
  cancel(): void;
  on(event: 'readable' | 'end', listener: () => void): unknown;
  on(event: 'metadata', listener: (headers: Metadata) => void): unknown;
  /** Comes before 'end', which comes when all messages have been read. */
  on(event: 'status', listener: (status: StatusObject) => void): unknown;
  /** The call begins to wait for a stream of a connection that has as many as its server allows, or waits no longer. */
  on(event: 'waits', listener: (isWaiting: boolean) => void): unknown;
}
