import http2 from 'node:http2';
import { getDefaultHighWaterMark } from 'node:stream';
import { expect } from 'chai';
import { NEVER } from 'rxjs';
import { Code, toAsyncIterable } from '../../lib/index.ts';
import { data, type Frame, isEndOfStream, message, RST_STREAM, responseHeaders } from '../grpc-js/raw-peer.ts';
import type { LabHandler } from '../support/bench.ts';
import type { Note } from '../support/lab.ts';
import { rejectionOf } from '../support/record.ts';
import { settled } from '../support/settled.ts';
import { useBadClient } from './bad-client.ts';
import { useBadServer } from './bad-server.ts';
import { wholeResponse } from './points.ts';

const { NGHTTP2_FLOW_CONTROL_ERROR } = http2.constants;
const WINDOW_BYTES = 65_535;
const MAX_FRAME_BYTES = 16_384;
const WINDOW_UPDATE = 8;
const GOAWAY = 7;
/** What Node reads of a stream in advance: 16 KiB, and 64 KiB since 22 (https://github.com/nodejs/node/pull/52037). */
const READ_AHEAD = getDefaultHighWaterMark(false);
/**
 * A stream that receives more than its window is reset; since nghttp2 1.67 (in Node 22.23 and 24.21, not in 20) the whole
 * connection is ended instead, https://github.com/nghttp2/nghttp2/commit/7784fa979d0bcf801a35f1afbb25fb048d815cd7
 */
const [major, minor] = process.versions['nghttp2']!.split('.').map(Number);
const IS_CONNECTION_ENDED = major! > 1 || minor! >= 67;
const by = IS_CONNECTION_ENDED ? 'and its connection with it (nghttp2 1.67)' : 'by a reset of the stream';
const short: Note = { n: 1, text: 'x'.repeat(1000) };
const shortFrame = message(short);

/** This many bytes of messages, after those already sent; the last message may be incomplete. */
function messages(id: number, bytes: number, sent = 0): Buffer[] {
  const end = sent + bytes;
  const all = Buffer.concat(Array.from({ length: end / shortFrame.length + 1 }, () => shortFrame)).subarray(0, end);
  const frames: Buffer[] = [];
  for (let at = sent; at < end; at += MAX_FRAME_BYTES) frames.push(data(id, all.subarray(at, at + MAX_FRAME_BYTES)));
  return frames;
}

const isToldOff = (id: number) => (frame: Frame) =>
  IS_CONNECTION_ENDED ? frame.type === GOAWAY : frame.type === RST_STREAM && frame.stream === id;

/** The error code of a GOAWAY or a RST_STREAM. */
const errorCode = ({ payload }: Frame): number => payload.readUInt32BE(payload.length === 4 ? 0 : 4);

describe('A handler that does not read', () => {
  const bad = useBadClient();

  async function begin() {
    const reasons: unknown[] = [];
    const unread: LabHandler = (_, { signal }) => {
      signal.addEventListener('abort', () => reasons.push(signal.reason));
      return NEVER;
    };
    const victim = await bad.run({ implementation: { bidi: unread, unary: request$ => request$ } });
    return { victim, client: victim.connect(), reasons };
  }

  it('delays no other call of its connection, and grants its client no window beyond what Node reads', async () => {
    const { victim, client, reasons } = await begin();
    const ids = Array.from({ length: 20 }, () => client.open('bidi'));
    const given = (id: number) =>
      client.frames
        .filter(({ type, stream }) => type === WINDOW_UPDATE && stream === id)
        .reduce((sum, { payload }) => sum + payload.readUInt32BE(), 0);
    const sent = new Map<number, number>();
    for (let round = 0; round < 3; round++) {
      for (const id of ids) {
        const before = sent.get(id) ?? 0;
        const all = WINDOW_BYTES + given(id);
        client.send(...messages(id, all - before, before));
        sent.set(id, all);
        const other = client.open('unary');
        client.send(data(other, message({ n: 1 }), true));
        await client.seen(frame => frame.stream === other && isEndOfStream(frame));
      }
    }
    for (const id of ids) expect(given(id)).to.be.at.most(READ_AHEAD + MAX_FRAME_BYTES);
    client.socket.destroy();
    await settled(() => reasons.length);
    expect(reasons).to.have.lengthOf(ids.length);
    await victim.livesOn();
  });

  it(`is protected from a client that ignores the window, ${by}`, async () => {
    const { victim, client, reasons } = await begin();
    const id = client.open('bidi');
    client.send(...messages(id, READ_AHEAD + 2 * WINDOW_BYTES));
    const answer = await client.seen(isToldOff(id));
    expect(errorCode(answer!)).to.equal(NGHTTP2_FLOW_CONTROL_ERROR);
    await settled(() => reasons.length);
    expect(reasons).to.have.lengthOf(1);
    expect(reasons[0]).to.include({ code: Code.CANCELLED });
    await victim.livesOn();
  });
});

describe('A subscriber that does not read', () => {
  const bad = useBadServer();

  it('delays no other call of its connection', async () => {
    const { peer, client, livesOn, nextStream, call } = await bad.run();
    const slow = Array.from({ length: 20 }, () => toAsyncIterable(client.bidi(NEVER))[Symbol.asyncIterator]());
    const first = slow.map(each => each.next());
    for (let i = 0; i < slow.length; i++) {
      const id = await nextStream();
      peer.send(responseHeaders(id), ...messages(id, WINDOW_BYTES));
    }
    for (const one of first) expect((await one).value).to.deep.equal(short);
    const other = await call('unary');
    peer.send(...wholeResponse(other.id));
    expect(await other.ending).to.deep.equal({});
    for (const each of slow) await each.return!();
    await livesOn();
  });

  it(`is protected from a server that ignores the window, ${by}`, async () => {
    const { peer, client, livesOn, nextStream } = await bad.run();
    const slow = toAsyncIterable(client.bidi(NEVER))[Symbol.asyncIterator]();
    const first = slow.next();
    const id = await nextStream();
    peer.send(responseHeaders(id), ...messages(id, 10 * WINDOW_BYTES));
    expect((await first).value).to.deep.equal(short);
    expect(errorCode(await peer.seen(isToldOff(id)))).to.equal(NGHTTP2_FLOW_CONTROL_ERROR);
    const rest = async () => {
      while (!(await slow.next()).done);
    };
    expect(await rejectionOf(rest())).to.include({ code: Code.INTERNAL });
    await livesOn();
    expect(peer.connections).to.have.lengthOf(IS_CONNECTION_ENDED ? 2 : 1);
  });
});
