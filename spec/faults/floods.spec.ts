import http2 from 'node:http2';
import { expect } from 'chai';
import { isRpcError } from '../../lib/index.ts';
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
} from '../grpc-js/raw-peer.ts';
import { type Handled, useBadClient } from './bad-client.ts';
import { KEEPALIVE } from './connection-faults.ts';
import { itGivesBackTheMemory } from './memory.ts';
import { bidiHeaders, idOf, times } from './raw-client.ts';

const { NGHTTP2_CANCEL, NGHTTP2_ENHANCE_YOUR_CALM } = http2.constants;
const STREAMS = 10_000;
const SETTINGS = 4;
const PING = 6;
const CONTINUATION = 9;
const ACK = 1;
const END_HEADERS = 4;
const HEAD_BYTES = 9;

const ping = frame(PING, 0, 0, Buffer.alloc(8));

interface Flood {
  readonly what: string;
  /** Sends the flood from one client. */
  readonly bytes: () => Buffer;
  /** The client does not read the answers. */
  readonly isDeaf?: boolean;
  /** The maximum number of handler calls. */
  readonly handlers: number;
}

/** What nghttp2 and Node permit before they end a connection. */
const MAX_RESETS = 1000; // plus 33 per second
const MAX_INVALID_FRAMES = 1000;

const floods: readonly Flood[] = [
  {
    what: 'resets (rapid reset, CVE-2023-44487)',
    bytes: () => times(STREAMS, i => Buffer.concat([bidiHeaders(i), reset(idOf(i), NGHTTP2_CANCEL)])),
    handlers: 2 * MAX_RESETS,
  },
  {
    what: 'frames for which the server resets (CVE-2025-8671)',
    bytes: () => times(STREAMS, i => Buffer.concat([bidiHeaders(i), bidiHeaders(i)])),
    handlers: 2 * MAX_INVALID_FRAMES,
  },
  {
    what: 'HEADERS that are not a request',
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
    bytes: () => Buffer.concat([bidiHeaders(0), times(50_000, () => data(1, Buffer.alloc(0)))]),
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

/** HEADERS without END_HEADERS. */
function openHeaders(): Buffer {
  const headers = bidiHeaders(0);
  return frame(HEADERS, 0, 1, headers.subarray(9));
}

function field(name: string, value: string): Buffer {
  const literal = (text: string) => Buffer.concat([Buffer.from([text.length]), Buffer.from(text)]);
  return Buffer.concat([Buffer.from([0]), literal(name), literal(value)]);
}

async function expectCut(handled: readonly Handled[]): Promise<void> {
  await Promise.all(handled.map(({ over }) => over));
  const endings = await Promise.all(handled.map(({ ending }) => ending));
  expect(endings.filter(({ error }) => !isRpcError(error))).to.deep.equal([]);
}

describe('A flood', () => {
  const bad = useBadClient();

  for (const { what, bytes, isDeaf = false, handlers } of floods) {
    it(`of ${what} ends its connection, and the server continues`, async () => {
      const { handled, connect, livesOn } = await bad.run({ serve: { serverOptions: KEEPALIVE } });
      const client = connect();
      if (isDeaf) client.socket.pause();
      client.send(bytes());
      await client.closed;
      await expectCut(handled);
      expect(handled.length).to.be.at.most(handlers);
      await livesOn();
    });
  }

  it('of PING from a client that reads the answers gets them all', async () => {
    const { connect, livesOn } = await bad.run();
    const { send, counted } = connect();
    for (let i = 1; i <= 20; i++) {
      send(times(500, () => ping));
      expect(await counted(500 * i, ({ type, flags }) => type === PING && flags === ACK)).to.equal(500 * i);
    }
    await livesOn();
  });

  it('of headers that HPACK expands resets their streams, and no handler is called', async () => {
    const { connect, handled, livesOn } = await bad.run();
    const { send, counted } = connect();
    const headers = bidiHeaders(0).subarray(HEAD_BYTES);
    // 4,000 bytes for the table, and then one byte for each reference: 40 MB in a frame.
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

  it('of connections that start a call and disconnect leaves nothing behind', async () => {
    const { connect, handled, handler, livesOn } = await bad.run();
    const clients = Array.from({ length: 300 }, () => connect());
    for (const { open } of clients) open('bidi');
    await handler(299);
    for (const { socket } of clients) socket.resetAndDestroy();
    await expectCut(handled);
    await livesOn();
  });

  it('of calls that are answered and never half-closed leaves no call, and its streams end with the connection', async () => {
    const { connect, handler, livesOn } = await bad.run();
    const { send, counted } = connect();
    const malformed = message(Buffer.from('{'));
    send(times(1000, i => Buffer.concat([bidiHeaders(i), data(idOf(i), malformed)])));
    await (await handler(999)).over;
    expect(await counted(1000, isEndOfStream)).to.equal(1000);
    await livesOn();
  });

  itGivesBackTheMemory();
});
