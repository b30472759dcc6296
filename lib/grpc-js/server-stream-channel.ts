import type { Metadata, ServerDuplexStream } from '@grpc/grpc-js';
import type { FinalStatus, MessageSource, ServerChannel, ServerListener, Taken } from '../call/message-channel.ts';
import { Code } from '../core/status.ts';
import { StreamMessages } from './stream-messages.ts';

type Stream = ServerDuplexStream<Buffer, Buffer>;

/** A call of a grpc-js Server that the user has made. */
export class ServerStreamChannel implements ServerChannel {
  readonly metadata: Metadata;
  readonly isHalfCloseFinal: boolean = false;
  readonly #stream: Stream;
  readonly #messages: MessageSource;
  #listener: ServerListener | undefined;

  constructor(stream: Stream) {
    this.metadata = stream.metadata;
    this.#stream = stream;
    this.#messages = new StreamMessages(stream, () => this.#listener?.onMessages());
  }

  get holds(): number {
    return this.#messages.holds;
  }

  get size(): number {
    return this.#messages.size;
  }

  get hasEnded(): boolean {
    return this.#messages.hasEnded;
  }

  read(): Buffer | null {
    return this.#messages.read();
  }

  getPeer(): string {
    return this.#stream.getPeer();
  }

  getDeadline(): Date | number {
    return this.#stream.getDeadline();
  }

  getAuthContext(): ReturnType<ServerChannel['getAuthContext']> {
    return this.#stream.getAuthContext() ?? {};
  }

  listen(listener: ServerListener): void {
    this.#listener = listener;
    this.#stream.on('cancelled', () => listener.onEnd());
  }

  sendHeaders(headers: Metadata): void {
    this.#stream.sendMetadata(headers);
  }

  write(message: Uint8Array, taken: Taken): void {
    this.#stream.write(message as Buffer, taken);
  }

  /** A stream of grpc-js takes a status that is not OK as an error. */
  finish(status: FinalStatus): void {
    if (status.code === (Code.OK as number)) this.#stream.end(status.metadata);
    else this.#stream.emit('error', status);
  }
}
