import http2 from 'node:http2';
import type { AddressInfo } from 'node:net';
import type { Note } from './lab.ts';

/** What a call sent on the wire. */
interface RawRequest {
  readonly headers: http2.IncomingHttpHeaders;
  /** The messages, each with the flag that says whether it is compressed. */
  readonly frames: { readonly compressed: boolean; readonly bytes: Buffer }[];
}

/** A bare HTTP/2 server: it accepts any call, records what it receives, and answers OK with one note. */
export interface RawServer {
  readonly port: number;
  readonly target: string;
  readonly requests: RawRequest[];
  /** The number of connections made so far. */
  readonly connections: number;
  close(): Promise<void>;
}

export async function rawServer(answer: Note = { n: 1 }): Promise<RawServer> {
  const server = http2.createServer();
  const sessions: http2.ServerHttp2Session[] = [];
  const requests: RawRequest[] = [];
  server.on('session', session => sessions.push(session));
  server.on('stream', (stream, headers) => {
    const chunks: Buffer[] = [];
    stream.on('error', () => {});
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('end', () => {
      requests.push({ headers, frames: [...unframe(Buffer.concat(chunks))] });
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
      stream.end(frame(Buffer.from(JSON.stringify(answer))));
    });
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    port,
    target: `http://127.0.0.1:${port}`,
    requests,
    get connections() {
      return sessions.length;
    },
    close: () => {
      for (const session of sessions) session.destroy();
      return new Promise(resolve => server.close(() => resolve()));
    },
  };
}

function frame(message: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

function* unframe(bytes: Buffer): Generator<RawRequest['frames'][number]> {
  for (let at = 0; at < bytes.length; ) {
    const end = at + 5 + bytes.readUInt32BE(at + 1);
    yield { compressed: bytes[at] === 1, bytes: bytes.subarray(at + 5, end) };
    at = end;
  }
}
