import type { Client, ClientDuplexStream } from '@grpc/grpc-js';
import type { Method } from '../core/method.ts';
import { listenForStream } from '../grpc-js/waits-for-place.ts';
import { explainContentType } from './content-type.ts';
import type { OpenOptions } from './transport.ts';

/** A call of grpc-js, whatever its shape, as a stream of bytes both ways. */
export function openCall(client: Client, method: Method, options: OpenOptions): ClientDuplexStream<Buffer, Buffer> {
  const { metadata, deadline, host, credentials } = options;
  listenForStream(metadata, isWaiting => stream.emit('waits', isWaiting));
  const stream = client.makeBidiStreamRequest<Buffer, Buffer>(method.path, identity, identity, metadata, {
    ...(deadline !== undefined && { deadline }),
    ...(host !== undefined && { host }),
    ...(credentials !== undefined && { credentials }),
  });
  explainContentType(stream);
  stream.on('error', ignore); // each status, of an error too, comes as 'status'
  // grpc-js loses a cancellation that comes in the turn of the start: a promise later it makes the very thing that had to be
  // cancelled, and nothing ever ends that. A second one, a turn later, does.
  const cancel = stream.cancel.bind(stream);
  stream.cancel = () => {
    cancel();
    setImmediate(cancel);
  };
  return stream;
}

const identity = (bytes: Buffer): Buffer => bytes;
const ignore = (): void => {};
