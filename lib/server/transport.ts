import type { PeerCertificate } from 'node:tls';
import type { Metadata, StatusObject } from '@grpc/grpc-js';
import type { ByteSource } from '../call/receive.ts';
import type { ByteSink } from '../call/send.ts';
import type { Connection } from './connection-ages.ts';

/** An incoming call, as a stream of bytes; what a ServerDuplexStream of grpc-js is to us. */
export interface ServerStream extends ByteSink, ByteSource {
  /** The request headers. */
  readonly metadata: Metadata;
  /** Undefined where its connection may be used for ever. */
  readonly connection?: Connection | undefined;
  getPeer(): string;
  /** Milliseconds since the epoch; Infinity when there is none. */
  getDeadline(): Date | number;
  getAuthContext(): { readonly sslPeerCertificate?: PeerCertificate };
  sendMetadata(headers: Metadata): void;
  /** Ends the call with OK. */
  end(trailers?: Metadata): unknown;
  /** Ends the call with another status. */
  emit(event: 'error', status: StatusObject): unknown;
  on(event: 'readable' | 'end', listener: () => void): unknown;
  /** Comes after a call that ended well, too. */
  on(event: 'cancelled', listener: () => void): unknown;
}
