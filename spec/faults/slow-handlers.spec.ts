import http2 from 'node:http2';
import { expect } from 'chai';
import { NEVER } from 'rxjs';
import { toAsyncIterable } from '../../lib/flow/to-async-iterable.ts';
import { Code } from '../../lib/status.ts';
import { data, isEndOfStream, message, RST_STREAM, responseHeaders } from '../grpc-js/raw-peer.ts';
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
const short: Note = { n: 1, text: 'x'.repeat(1000) };
const shortFrame = message(short);

/** So many bytes of messages; the last one may not be whole. */
function messages(id: number, bytes: number): Buffer[] {
  const all = Buffer.concat(Array.from({ length: bytes / shortFrame.length + 1 }, () => shortFrame)).subarray(0, bytes);
  const frames: Buffer[] = [];
  for (let at = 0; at < bytes; at += MAX_FRAME_BYTES) frames.push(data(id, all.subarray(at, at + MAX_FRAME_BYTES)));
  return frames;
}

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

  it('holds up no other call of its connection, and its own client is given no window', async () => {
    const { victim, client, reasons } = await begin();
    const ids = Array.from({ length: 20 }, () => client.open('bidi'));
    for (const id of ids) client.send(...messages(id, WINDOW_BYTES));
    const other = client.open('unary');
    client.send(data(other, message({ n: 1 }), true));
    await client.seen(frame => frame.stream === other && isEndOfStream(frame));
    const given = client.frames.filter(({ type, stream }) => type === WINDOW_UPDATE && ids.includes(stream));
    expect(given).to.deep.equal([]);
    client.socket.destroy();
    await settled(() => reasons.length);
    expect(reasons).to.have.lengthOf(ids.length);
    await victim.livesOn();
  });

  it('is rid of a client that does not wait for a window', async () => {
    const { victim, client, reasons } = await begin();
    const id = client.open('bidi');
    client.send(...messages(id, 2 * WINDOW_BYTES));
    const answer = await client.seen(({ type, stream }) => type === RST_STREAM && stream === id);
    expect(answer?.payload.readUInt32BE()).to.equal(NGHTTP2_FLOW_CONTROL_ERROR);
    await settled(() => reasons.length);
    expect(reasons).to.have.lengthOf(1);
    expect(reasons[0]).to.include({ code: Code.CANCELLED });
    await victim.livesOn();
  });
});

describe('A subscriber that does not read', () => {
  const bad = useBadServer();

  it('holds up no other call of its connection', async () => {
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

  it('is rid of a server that does not wait for a window', async () => {
    const { peer, client, livesOn, nextStream } = await bad.run();
    const slow = toAsyncIterable(client.bidi(NEVER))[Symbol.asyncIterator]();
    const first = slow.next();
    const id = await nextStream();
    peer.send(responseHeaders(id), ...messages(id, 10 * WINDOW_BYTES));
    expect((await first).value).to.deep.equal(short);
    const reset = await peer.seen(({ type, stream }) => type === RST_STREAM && stream === id);
    expect(reset.payload.readUInt32BE()).to.equal(NGHTTP2_FLOW_CONTROL_ERROR);
    const rest = async () => {
      while (!(await slow.next()).done);
    };
    expect(await rejectionOf(rest())).to.include({ code: Code.INTERNAL });
    await livesOn();
  });
});
