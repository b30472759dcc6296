import http2 from 'node:http2';
import { expect } from 'chai';
import { inspect } from '../../lib/live-calls.ts';
import {
  data,
  type Frame,
  frame,
  HEADERS,
  headerBlock,
  isEndOfStream,
  message,
  RST_STREAM,
  reset,
  windowUpdate,
} from '../grpc-js/raw-peer.ts';
import { useBadClient } from './bad-client.ts';
import { itGivesBackTheMemory } from './memory.ts';
import { requestHeaders } from './raw-client.ts';

const { NGHTTP2_CANCEL, NGHTTP2_ENHANCE_YOUR_CALM } = http2.constants;
const STREAMS = 10_000;
const SETTINGS = 4;
const PING = 6;
const CONTINUATION = 9;
const ACK = 1;
const END_HEADERS = 4;
const HEAD_BYTES = 9;

/** Node 20 says GOAWAY to some and then neither reads nor closes; see http2-frames.spec.ts. */
const KEEPALIVE = { 'grpc.keepalive_time_ms': 20, 'grpc.keepalive_timeout_ms': 1000 };
const MAX_STREAMS = { 'grpc.max_concurrent_streams': 100 };

const times = (count: number, of: (i: number) => Buffer): Buffer =>
  Buffer.concat(Array.from({ length: count }, (_, i) => of(i)));
const idOf = (i: number): number => 2 * i + 1;
const headersOf = (i: number): Buffer => headerBlock(idOf(i), requestHeaders('bidi'), false);
const ping = frame(PING, 0, 0, Buffer.alloc(8));

describe('10,000 streams of one connection', () => {
  const bad = useBadClient();

  it('are 10,000 calls at once, each served to its end', async function () {
    this.timeout(60_000);
    const { server, handled, connect, handler, livesOn } = await bad.run();
    const { send, counted } = connect();
    send(windowUpdate(0, 2 ** 30), times(STREAMS, headersOf));
    await handler(STREAMS - 1);
    expect(inspect(server).calls).to.have.lengthOf(STREAMS);
    send(times(STREAMS, i => data(idOf(i), message({ n: i }), true)));
    expect(await counted(STREAMS, isEndOfStream)).to.equal(STREAMS);
    for (const [i, { values, ending }] of handled.entries()) {
      expect(await ending).to.deep.equal({});
      expect(values).to.deep.equal([{ n: i }]);
    }
    await livesOn();
  });

  it('are 100 at a time where the server says so (grpc.max_concurrent_streams): the others wait', async () => {
    const { server, handled, call, handler, livesOn } = await bad.run({ serve: { serverOptions: MAX_STREAMS } });
    await livesOn(); // its SETTINGS have been read
    const calls = Array.from({ length: 500 }, () => call('bidi'));
    const mark = handled.length;
    await handler(mark + 99);
    let most = 0;
    for (const { stream, answer } of calls) {
      most = Math.max(most, inspect(server).calls.length);
      stream.end(message({ n: 1 }));
      expect((await answer).trailers).to.include({ 'grpc-status': '0' });
    }
    expect(handled).to.have.lengthOf(mark + 500);
    expect(most).to.equal(100);
    await livesOn();
  });

  it('end the connection of who does not wait', async () => {
    const { handled, connect, handler, livesOn } = await bad.run({ serve: { serverOptions: MAX_STREAMS } });
    const { send, closed, open } = connect();
    open('bidi');
    await handler(0); // the SETTINGS of the server have been answered
    send(times(STREAMS, i => headersOf(i + 1)));
    await closed;
    await livesOn();
    expect(handled).to.have.lengthOf(100 + 1);
  });

  itGivesBackTheMemory();
});

interface Flood {
  readonly what: string;
  /** Sent by one client. */
  readonly bytes: () => Buffer;
  /** It does not read what it is answered. */
  readonly isDeaf?: boolean;
  /** At most so many handlers are called. */
  readonly handlers: number;
}

/** What nghttp2 and Node allow before they end a connection. */
const MAX_RESETS = 1000; // and 33 a second
const MAX_INVALID_FRAMES = 1000;

const floods: readonly Flood[] = [
  {
    what: 'resets (rapid reset, CVE-2023-44487)',
    bytes: () => times(STREAMS, i => Buffer.concat([headersOf(i), reset(idOf(i), NGHTTP2_CANCEL)])),
    handlers: 2 * MAX_RESETS,
  },
  {
    what: 'frames for which the server resets (CVE-2025-8671)',
    bytes: () => times(STREAMS, i => Buffer.concat([headersOf(i), headersOf(i)])),
    handlers: 2 * MAX_INVALID_FRAMES,
  },
  {
    what: 'HEADERS that are no request',
    bytes: () => times(STREAMS, i => headerBlock(idOf(i), { ':method': 'POST' }, false)),
    handlers: 0,
  },
  { what: 'PING in one packet', bytes: () => times(100_000, () => ping), handlers: 0 },
  { what: 'PING, and does not read the answers', bytes: () => times(500_000, () => ping), isDeaf: true, handlers: 0 },
  {
    what: 'SETTINGS, and does not read the answers (CVE-2019-9515)',
    bytes: () => times(500_000, () => frame(SETTINGS, 0, 0)),
    isDeaf: true,
    handlers: 0,
  },
  {
    what: 'DATA of no bytes (CVE-2019-9518)',
    bytes: () => Buffer.concat([headersOf(0), times(50_000, () => data(1, Buffer.alloc(0)))]),
    handlers: 1,
  },
  {
    what: 'CONTINUATION (CVE-2024-27983)',
    bytes: () => Buffer.concat([openHeaders(), times(STREAMS, () => frame(CONTINUATION, 0, 1, field('x', 'y'.repeat(100))))]), // biome-ignore format: in one
    handlers: 0,
  },
  {
    what: 'CONTINUATION of no bytes',
    bytes: () => Buffer.concat([openHeaders(), times(STREAMS, () => frame(CONTINUATION, 0, 1))]),
    handlers: 0,
  },
];

/** HEADERS that are to go on. */
function openHeaders(): Buffer {
  const headers = headersOf(0);
  return frame(HEADERS, 0, 1, headers.subarray(9));
}

function field(name: string, value: string): Buffer {
  const literal = (text: string) => Buffer.concat([Buffer.from([text.length]), Buffer.from(text)]);
  return Buffer.concat([Buffer.from([0]), literal(name), literal(value)]);
}

describe('A flood', () => {
  const bad = useBadClient();

  for (const { what, bytes, isDeaf = false, handlers } of floods) {
    it(`of ${what} ends its connection, and the server goes on`, async () => {
      const { handled, connect, livesOn } = await bad.run({ serve: { serverOptions: KEEPALIVE } });
      const client = connect();
      if (isDeaf) client.socket.pause();
      client.send(bytes());
      await client.closed;
      for (const { over, ending } of handled) {
        await over;
        expect((await ending).error).to.be.an.instanceOf(Error);
      }
      expect(handled.length).to.be.at.most(handlers);
      await livesOn();
    });
  }

  it('of PING that reads the answers gets them all', async () => {
    const { connect, livesOn } = await bad.run();
    const { send, counted } = connect();
    for (let i = 1; i <= 20; i++) {
      send(times(500, () => ping));
      expect(await counted(500 * i, ({ type, flags }) => type === PING && flags === ACK)).to.equal(500 * i);
    }
    await livesOn();
  });

  it('of headers that HPACK makes large resets their streams, and no handler is called', async () => {
    const { connect, handled, livesOn } = await bad.run();
    const { send, counted } = connect();
    const headers = headersOf(0).subarray(HEAD_BYTES);
    // 4,000 bytes for the table, and then a byte for each time they are meant again: 40 MB in a frame.
    const large = Buffer.concat([Buffer.from([0x40, 1, 0x61, 0x7f, 0xa1, 0x1e]), Buffer.alloc(4000, 'x')]);
    send(frame(HEADERS, END_HEADERS, 1, Buffer.concat([headers, large])));
    for (let i = 1; i <= 100; i++) {
      send(frame(HEADERS, END_HEADERS, idOf(i), Buffer.concat([headers, Buffer.alloc(10_000, 0xbe)])));
    }
    const isCalm = ({ type, payload }: Frame) =>
      type === RST_STREAM && payload.readUInt32BE() === NGHTTP2_ENHANCE_YOUR_CALM;
    expect(await counted(100, isCalm)).to.equal(100);
    expect(handled).to.have.lengthOf(1);
    send(reset(1, NGHTTP2_CANCEL));
    await handled[0]!.over;
    await livesOn();
  });

  it('of connections that begin a call and go leaves nothing', async () => {
    const { connect, handled, handler, livesOn } = await bad.run();
    const clients = Array.from({ length: 300 }, () => connect());
    for (const { open } of clients) open('bidi');
    await handler(299);
    for (const { socket } of clients) socket.resetAndDestroy();
    for (const { over, ending } of handled) {
      await over;
      expect((await ending).error).to.be.an.instanceOf(Error);
    }
    await livesOn();
  });

  it('of calls that are answered and never half-closed leaves no call, and its streams end with the connection', async () => {
    const { connect, handler, livesOn } = await bad.run();
    const { send, counted } = connect();
    const malformed = message(Buffer.from('{'));
    send(times(1000, i => Buffer.concat([headersOf(i), data(idOf(i), malformed)])));
    await (await handler(999)).over;
    expect(await counted(1000, isEndOfStream)).to.equal(1000);
    await livesOn();
  });

  itGivesBackTheMemory();
});
