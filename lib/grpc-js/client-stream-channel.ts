import type { Client, ClientDuplexStream, Metadata, StatusObject } from '@grpc/grpc-js';
import type { ClientChannel, ClientListener, MessageSource, Taken } from '../call/message-channel.ts';
import type { OpenOptions } from '../call/transport.ts';
import type { Method } from '../core/method.ts';
import { explained, foreignType } from './content-type.ts';
import { StreamMessages } from './stream-messages.ts';
import { listenForStream } from './waits-for-place.ts';

/** A call of a grpc-js Client, with the interceptors of that Client. */
export class ClientStreamChannel implements ClientChannel {
  readonly #stream: ClientDuplexStream<Buffer, Buffer>;
  readonly #messages: MessageSource;
  #listener: ClientListener | undefined;
  #status: StatusObject | undefined;

  constructor(client: Client, method: Method, options: OpenOptions, listener: ClientListener) {
    const { metadata, deadline, host, credentials } = options;
    this.#listener = listener;
    listenForStream(metadata, isWaiting => this.#listener?.onStreamWait(isWaiting));
    const stream = client.makeBidiStreamRequest<Buffer, Buffer>(method.path, identity, identity, metadata, {
      ...(deadline !== undefined && { deadline }),
      ...(host !== undefined && { host }),
      ...(credentials !== undefined && { credentials }),
    });
    this.#stream = stream;
    this.#messages = new StreamMessages(stream, () => this.#listener?.onMessages());
    let contentType: string | undefined;
    stream.once('metadata', (headers: Metadata) => {
      contentType = foreignType(headers);
      this.#listener?.onHeaders(headers);
    });
    stream.on('error', ignore); // every status, of an error too, comes as 'status'
    stream.once('status', (status: StatusObject) => {
      const explainedStatus = contentType === undefined ? status : explained(status, contentType);
      this.#status = explainedStatus;
      this.#listener?.onEnd(explainedStatus);
    });
  }

  get holds(): number {
    return this.#messages.holds;
  }

  get size(): number {
    return this.#messages.size;
  }

  get hasEnded(): boolean {
    return this.#status !== undefined; // grpc-js has pushed all messages before
  }

  read(): Buffer | null {
    return this.#messages.read();
  }

  write(message: Uint8Array, taken: Taken): void {
    this.#stream.write(message as Buffer, taken);
  }

  finish(): void {
    this.#stream.end();
  }

  /**
   * With CANCELLED, the only status that a stream of grpc-js can be cancelled with. grpc-js loses a cancellation that comes in the
   * turn of the start: see {@link GrpcClientChannel.cancel}.
   */
  cancel(): void {
    this.#listener = undefined;
    this.#stream.cancel();
    setImmediate(() => this.#stream.cancel());
  }
}

const identity = (bytes: Buffer): Buffer => bytes;
const ignore = (): void => {};
