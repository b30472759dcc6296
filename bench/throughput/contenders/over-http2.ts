import { once } from 'node:events';
import { type ClientHttp2Session, connect, createServer, type Http2Stream, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import type { Client, Contender } from '../contender.ts';
import { Check, checkTally, type Order, type Parcel, parcels } from '../parcels.ts';
import { Framer, framed, Unframer } from './framing.ts';

/** How a message becomes bytes, and what is seen of it where it arrives. */
export interface Codec {
  encode(parcel: Parcel): Uint8Array;
  /** @param n which message of its stream it is. */
  decode(bytes: Buffer, n: number): Parcel;
}

const PATH = '/bench.throughput.Bench/';
const CONTENT = { 'content-type': 'application/grpc' };

/** gRPC's frames over node:http2, with nothing else: no status but OK, no metadata, no limits. What is asked is in a header. */
export const overHttp2 = (codec: Codec): Contender => ({
  async serve() {
    const server = createServer();
    server.on('stream', (stream: ServerHttp2Stream, headers) => {
      stream.respond({ ':status': 200, ...CONTENT }, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
      answer(codec, stream, headers[':path']!.slice(PATH.length), headers['order'] as string | undefined);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  },

  async connect(port) {
    const session = connect(`http://127.0.0.1:${port}`);
    await once(session, 'connect');
    return clientOver(session, codec);
  },
});

function answer(codec: Codec, stream: ServerHttp2Stream, method: string, order: string | undefined): void {
  if (method === 'ServerStream') produce(codec, JSON.parse(order!), stream);
  else if (method === 'ClientStream') tally(codec, stream);
  else echo(codec, stream);
}

function tally(codec: Codec, stream: ServerHttp2Stream): void {
  const check = new Check();
  take(codec, stream, check.take);
  stream.on('end', () => stream.end(framed(Buffer.from(String(check.count)))));
}

function clientOver(session: ClientHttp2Session, codec: Codec): Client {
  const open = (method: string, headers = {}) =>
    session.request({ ':method': 'POST', ':path': PATH + method, te: 'trailers', ...CONTENT, ...headers });
  const readAll = async (stream: Http2Stream, count: number): Promise<void> => {
    const check = new Check();
    take(codec, stream, check.take);
    await once(stream, 'end');
    check.end(count);
  };
  return {
    unary(parcel) {
      const stream = open('Unary');
      stream.end(framed(codec.encode(parcel)));
      const check = new Check();
      take(codec, stream, response => check.take({ ...response, n: 1 }));
      return once(stream, 'end').then(() => check.end(1));
    },

    serverStream(order) {
      const stream = open('ServerStream', { order: JSON.stringify(order) });
      stream.end();
      return readAll(stream, order.count);
    },

    async clientStream(order) {
      const stream = open('ClientStream');
      produce(codec, order, stream);
      const unframer = new Unframer();
      let count = 0;
      stream.on('data', (chunk: Buffer) => unframer.push(chunk, bytes => (count = Number(bytes.toString()))));
      await once(stream, 'end');
      checkTally({ count }, order.count);
    },

    bidi(order) {
      const stream = open('Bidi');
      produce(codec, order, stream);
      return readAll(stream, order.count);
    },

    pingPong(order, isBack) {
      const stream = open('Bidi');
      const source = parcels(order);
      const send = () => {
        const { done, value } = source.next();
        if (done) stream.end();
        else stream.write(framed(codec.encode(value)));
      };
      take(codec, stream, () => {
        isBack();
        send();
      });
      send();
      return readAll(stream, order.count);
    },
  };
}

function produce(codec: Codec, order: Order, to: Http2Stream): void {
  const source = parcels(order);
  const framer = new Framer();
  const run = (): void => {
    for (;;) {
      const { done, value } = source.next();
      const chunk = done ? framer.flush() : framer.add(codec.encode(value));
      const hasRoom = chunk === undefined || to.write(chunk);
      if (done) return void to.end();
      if (!hasRoom) return void to.once('drain', run);
    }
  };
  run();
}

function take(codec: Codec, from: Http2Stream, taker: (parcel: Parcel) => void): void {
  const unframer = new Unframer();
  let n = 0;
  from.on('data', (chunk: Buffer) => unframer.push(chunk, bytes => taker(codec.decode(bytes, ++n))));
}

function echo(codec: Codec, stream: ServerHttp2Stream): void {
  const unframer = new Unframer();
  const framer = new Framer();
  let n = 0;
  stream.on('data', (chunk: Buffer) => {
    let hasRoom = true;
    const write = (bytes: Buffer | undefined) => {
      if (bytes !== undefined) hasRoom = stream.write(bytes);
    };
    unframer.push(chunk, bytes => write(framer.add(codec.encode(codec.decode(bytes, ++n)))));
    write(framer.flush());
    if (hasRoom) return;
    stream.pause();
    stream.once('drain', () => stream.resume());
  });
  stream.on('end', () => stream.end());
}
