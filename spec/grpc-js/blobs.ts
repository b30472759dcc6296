import type { Method } from '../../lib/index.ts';

const bytes = (message: Buffer): Buffer => message;

function method<RequestStream extends boolean, ResponseStream extends boolean>(
  name: string,
  requestStream: RequestStream,
  responseStream: ResponseStream,
): Method<Buffer, Buffer, RequestStream, ResponseStream> {
  return {
    path: `/lab.Blobs/${name}`,
    requestStream,
    responseStream,
    requestSerialize: bytes,
    requestDeserialize: bytes,
    responseSerialize: bytes,
    responseDeserialize: bytes,
  };
}

/** A service whose messages are plain bytes, so that a spec knows exactly what must be on the wire. */
export const Blobs = {
  download: method('Download', false, true),
  upload: method('Upload', true, false),
  echo: method('Echo', true, true),
} as const;

/** Messages of these sizes, each with different bytes. */
export function blobs(sizes: readonly number[]): Buffer[] {
  return sizes.map((size, n) => Buffer.alloc(size, (n % 255) + 1));
}
