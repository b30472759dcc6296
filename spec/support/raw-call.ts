import { once } from 'node:events';
import http2 from 'node:http2';
import type { Server } from '../../lib/index.ts';
import type { Note } from './lab.ts';

/** A call over bare HTTP/2: it shows what is on the wire, while grpc-js drops and delays some of it. */
export interface RawCall {
  readonly session: http2.ClientHttp2Session;
  readonly stream: http2.ClientHttp2Stream;
  send(note: Note): void;
  /** Reads to the end, and returns the messages and the status with its trailers. */
  finish(): Promise<{ readonly notes: Note[]; readonly trailers: http2.IncomingHttpHeaders }>;
  close(): void;
}

export function rawCall(server: Server, path: string, headers: http2.OutgoingHttpHeaders = {}): RawCall {
  const session = http2.connect(server.target).on('error', () => {});
  const stream = session.request({
    ':method': 'POST',
    ':path': path,
    'content-type': 'application/grpc',
    te: 'trailers',
    ...headers,
  });
  stream.on('error', () => {});
  let trailers: http2.IncomingHttpHeaders = {};
  stream.on('response', received => {
    if ('grpc-status' in received) trailers = received;
  });
  stream.on('trailers', received => {
    trailers = received;
  });
  return {
    session,
    stream,
    send: note => stream.write(frame(Buffer.from(JSON.stringify(note)))),
    finish: async () => {
      const chunks: Buffer[] = [];
      stream.on('data', chunk => chunks.push(chunk));
      stream.end();
      await once(stream, 'close');
      return { notes: [...unframe(Buffer.concat(chunks))], trailers };
    },
    close: () => session.destroy(),
  };
}

function frame(message: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

function* unframe(bytes: Buffer): Generator<Note> {
  for (let at = 0; at < bytes.length; ) {
    const end = at + 5 + bytes.readUInt32BE(at + 1);
    yield JSON.parse(bytes.subarray(at + 5, end).toString());
    at = end;
  }
}
