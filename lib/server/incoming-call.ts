import { setMaxListeners } from 'node:events';
import { Metadata, type ServerDuplexStream } from '@grpc/grpc-js';
import { toMetadata } from '../metadata.ts';
import { type MetadataInput, type Method, onCancelled, type ParentCall, serverCall } from '../rpc.ts';
import type { RpcError } from '../status.ts';

/** The ServerCall of one incoming call, with what its server may do to it. */
export interface IncomingCall extends ParentCall {
  /** The first response takes the headers with it. */
  headersAreSent(): void;
  /** Tells the signal and the calls made on behalf of this one. */
  cancel(reason: RpcError): void;
}

export function incomingCall(stream: ServerDuplexStream<Buffer, Buffer>, method: Method): IncomingCall {
  return new Incoming(stream, method);
}

class Incoming implements IncomingCall {
  readonly [serverCall] = true as const;
  readonly method: Method;
  readonly metadata: Metadata;
  readonly deadline: Date | undefined;
  readonly trailers: Metadata = new Metadata();
  readonly #stream: ServerDuplexStream<Buffer, Buffer>;
  #headersAreSent = false;
  #controller: AbortController | undefined;
  #cancelled: RpcError | undefined;
  readonly #children = new Set<() => void>();

  constructor(stream: ServerDuplexStream<Buffer, Buffer>, method: Method) {
    this.#stream = stream;
    this.method = method;
    this.metadata = stream.metadata;
    const deadline = Number(stream.getDeadline());
    this.deadline = Number.isFinite(deadline) ? new Date(deadline) : undefined;
  }

  get path(): string {
    return this.method.path;
  }

  get peer(): string {
    return this.#stream.getPeer();
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      setMaxListeners(0, this.#controller.signal); // one call may have many parts that listen
      if (this.#cancelled !== undefined) this.#controller.abort(this.#cancelled);
    }
    return this.#controller.signal;
  }

  sendHeaders(headers: MetadataInput): void {
    if (this.#headersAreSent) {
      throw new Error(`${this.path}: the response headers were sent already, with sendHeaders or the first response`);
    }
    const metadata = toMetadata(headers);
    this.#headersAreSent = true;
    this.#stream.sendMetadata(metadata);
  }

  headersAreSent(): void {
    this.#headersAreSent = true;
  }

  [onCancelled](cancelled: () => void): () => void {
    if (this.#cancelled !== undefined) {
      cancelled();
      return () => {};
    }
    this.#children.add(cancelled);
    return () => {
      this.#children.delete(cancelled);
    };
  }

  cancel(reason: RpcError): void {
    this.#cancelled = reason;
    this.#controller?.abort(reason);
    for (const cancelled of this.#children) cancelled();
    this.#children.clear();
  }
}
