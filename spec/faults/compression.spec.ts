import zlib from 'node:zlib';
import { expect } from 'chai';
import { Code, codeName } from '../../lib/index.ts';
import { data, message, responseHeaders, trailers } from '../grpc-js/raw-peer.ts';
import { streaming } from '../support/bench.ts';
import { type Note, shapes } from '../support/lab.ts';
import { useBadClient } from './bad-client.ts';
import { useBadServer } from './bad-server.ts';
import { itGivesBackTheMemory } from './memory.ts';
import { OK } from './points.ts';

const MAX_BYTES = 4 * 1024 * 1024; // grpc-js's default maximum for a received message
const MAX_FRAME = 16_384;
const json = Buffer.from('{"n":1}');
const note: Note = { n: 1 };
/** JSON of that size. */
const ofBytes = (bytes: number): Buffer => Buffer.concat([json, Buffer.alloc(bytes - json.length, ' ')]);

const larger = (option: string): string =>
  `Received message that decompresses to a size larger than ${MAX_BYTES}; to accept larger ones, raise ${option}`;

interface Fault {
  readonly what: string;
  readonly encoding: string | undefined;
  readonly bytes: Buffer;
  /** The error that our server sends, and the error of our client; undefined: the message is accepted. */
  readonly server: readonly [Code, string] | undefined;
  readonly client: readonly [Code, string] | undefined;
  /** Our server calls no handler. Default: false. */
  readonly isRefused?: boolean;
}

const compressed = (bytes: Buffer): Buffer => message(bytes, true);
const failed = (how: string): Pick<Fault, 'server' | 'client'> => ({
  server: [Code.INTERNAL, 'Failed to decompress message'],
  client: [Code.INTERNAL, `Failed to decompress ${how}-encoded message`],
});
const bomb: Pick<Fault, 'server' | 'client'> = {
  server: [Code.RESOURCE_EXHAUSTED, larger("serverOptions 'grpc.max_receive_message_length' of serve()")],
  client: [Code.RESOURCE_EXHAUSTED, larger("channelOptions 'grpc.max_receive_message_length' of connect()")],
};
const taken: Pick<Fault, 'server' | 'client'> = { server: undefined, client: undefined };
const unnamed = [Code.INTERNAL, 'a message is compressed, but grpc-encoding names no compression'] as const;
const unknown: Pick<Fault, 'server' | 'isRefused'> = {
  server: [Code.UNIMPLEMENTED, 'expected grpc-encoding to be one of identity, deflate, gzip, got snappy'],
  isRefused: true,
};

const faults: readonly Fault[] = [
  { what: 'invalid gzip', encoding: 'gzip', bytes: compressed(json), ...failed('gzip') },
  { what: 'invalid deflate', encoding: 'deflate', bytes: compressed(json), ...failed('deflate') },
  { what: 'gzip of no bytes', encoding: 'gzip', bytes: compressed(Buffer.alloc(0)), ...failed('gzip') },
  {
    what: 'gzip that ends early',
    encoding: 'gzip',
    bytes: compressed(zlib.gzipSync(json).subarray(0, -9)),
    ...failed('gzip'),
  },
  {
    what: 'gzip with a wrong checksum',
    encoding: 'gzip',
    bytes: compressed(Buffer.concat([zlib.gzipSync(json).subarray(0, -8), Buffer.alloc(8)])),
    ...failed('gzip'),
  },
  { what: 'gzip of just 4 MiB', encoding: 'gzip', bytes: compressed(zlib.gzipSync(ofBytes(MAX_BYTES))), ...taken },
  {
    what: 'gzip of a byte more',
    encoding: 'gzip',
    bytes: compressed(zlib.gzipSync(ofBytes(MAX_BYTES + 1))),
    ...bomb,
  },
  { what: 'gzip of 48 MiB', encoding: 'gzip', bytes: compressed(gzipOfMiB(48)), ...bomb },
  {
    what: 'deflate of 48 MiB',
    encoding: 'deflate',
    bytes: compressed(zlib.deflateSync(Buffer.alloc(48 * 1024 * 1024))),
    ...bomb,
  },
  {
    what: 'an unknown encoding',
    encoding: 'snappy',
    bytes: compressed(json),
    ...unknown,
    client: [
      Code.INTERNAL,
      'a response is compressed and its grpc-encoding is "snappy", which is none of gzip, deflate and identity',
    ],
  },
  {
    what: 'that encoding, and not compressed',
    encoding: 'snappy',
    bytes: message(json),
    ...unknown,
    client: undefined,
  },
  { what: 'gzip, and not compressed', encoding: 'gzip', bytes: message(json), ...taken },
  {
    what: 'compressed without an encoding',
    encoding: undefined,
    bytes: compressed(json),
    server: unnamed,
    client: [Code.INTERNAL, 'a response is compressed, but no grpc-encoding says how'],
  },
  {
    what: 'compressed with identity',
    encoding: 'identity',
    bytes: compressed(json),
    server: unnamed,
    client: [Code.INTERNAL, 'a response is compressed, but its grpc-encoding is "identity"'],
  },
];

/** A thousandth of its decompressed size. (Consecutive gzip members form one stream.) */
function gzipOfMiB(n: number): Buffer {
  const mib = zlib.gzipSync(Buffer.alloc(1024 * 1024));
  return Buffer.concat(Array.from({ length: n }, () => mib));
}

describe('Compression of requests', () => {
  const bad = useBadClient();

  for (const { what, encoding, bytes, server, isRefused } of faults) {
    it(`${what}: ${codeName(server?.[0] ?? Code.OK)}`, async () => {
      const { call, handler, handled, livesOn } = await bad.run();
      for (const [n, shape] of shapes.entries()) {
        const { stream, answer } = call(shape, { 'grpc-encoding': encoding });
        stream.end(bytes);
        const status = (await answer).trailers;
        expect(status, shape).to.include({ 'grpc-status': `${server?.[0] ?? 0}` });
        if (server !== undefined) expect(decodeURI(String(status['grpc-message']))).to.equal(server[1]);
        if (isRefused) {
          expect(handled).to.deep.equal([]);
          continue;
        }
        const { values, ending, over } = await handler(n);
        if (server === undefined) {
          expect(await ending).to.deep.equal({});
          expect(values).to.deep.equal([note]);
        } else {
          expect((await ending).error).to.include({ code: Code.CANCELLED });
          expect(values).to.deep.equal([]);
        }
        await over;
      }
      await livesOn();
    });
  }

  it('The requests before one that cannot be read are delivered', async () => {
    const { call, handler, livesOn } = await bad.run();
    for (const [n, shape] of (['clientStream', 'bidi'] as const).entries()) {
      const { stream, answer } = call(shape, { 'grpc-encoding': 'gzip' });
      stream.write(Buffer.concat([compressed(zlib.gzipSync(json)), message(json)]));
      const { received, values, ending, over } = await handler(n);
      await received(2);
      stream.write(compressed(gzipOfMiB(1024)));
      expect((await answer).trailers).to.include({ 'grpc-status': `${Code.RESOURCE_EXHAUSTED}` });
      expect((await ending).error).to.include({ code: Code.CANCELLED });
      expect(values).to.deep.equal([note, note]);
      await over;
      stream.close();
    }
    await livesOn();
  });

  itGivesBackTheMemory();
});

describe('Compression of responses', () => {
  const bad = useBadServer();

  for (const { what, encoding, bytes, client } of faults) {
    it(`${what}: ${codeName(client?.[0] ?? Code.OK)}`, async () => {
      const { peer, call, livesOn } = await bad.run();
      for (const shape of shapes) {
        const { id, values, ending } = await call(shape);
        peer.send(responseHeaders(id, encoding === undefined ? {} : { 'grpc-encoding': encoding }));
        for (let at = 0; at < bytes.length; at += MAX_FRAME) peer.send(data(id, bytes.subarray(at, at + MAX_FRAME)));
        peer.send(trailers(id, OK));
        const { error } = await ending;
        if (client === undefined) expect(error, shape).to.equal(undefined);
        else expect(error, shape).to.include({ code: client[0], details: client[1] });
        expect(values).to.deep.equal(client === undefined ? [note] : []);
      }
      await livesOn();
    });
  }

  it('The responses before one that cannot be read are delivered', async () => {
    const { peer, call, livesOn } = await bad.run();
    for (const shape of shapes) {
      const { id, values, ending } = await call(shape);
      const first = Buffer.concat([compressed(zlib.gzipSync(json)), compressed(json)]);
      peer.send(responseHeaders(id, { 'grpc-encoding': 'gzip' }), data(id, first), trailers(id, OK));
      expect((await ending).error).to.include({ code: Code.INTERNAL });
      expect(values, shape).to.deep.equal(streaming(shape).responses ? [note] : []);
    }
    await livesOn();
  });

  itGivesBackTheMemory();
});
