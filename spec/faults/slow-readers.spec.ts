import http2 from 'node:http2';
import { expect } from 'chai';
import { NEVER, type Observable } from 'rxjs';
import { pull } from '../../lib/flow/pull.ts';
import { toAsyncIterable } from '../../lib/flow/to-async-iterable.ts';
import { inspect } from '../../lib/live-calls.ts';
import { Code } from '../../lib/status.ts';
import { data, isEndOfStream, message, RST_STREAM, reset, responseHeaders, windowUpdate } from '../grpc-js/raw-peer.ts';
import type { LabHandler } from '../support/bench.ts';
import type { Note } from '../support/lab.ts';
import { record, rejectionOf } from '../support/record.ts';
import { settled } from '../support/settled.ts';
import { useBadClient } from './bad-client.ts';
import { useBadServer } from './bad-server.ts';
import { itGivesBackTheMemory, watch } from './memory.ts';
import { wholeResponse } from './points.ts';

const { NGHTTP2_CANCEL, NGHTTP2_FLOW_CONTROL_ERROR } = http2.constants;
const STREAMS = 200;
const WINDOW_BYTES = 65_535;
const MAX_FRAME_BYTES = 16_384;
const WINDOW_UPDATE = 8;
const note: Note = { n: 1, text: 'x'.repeat(32 * 1024) };
/** What a stream holds of such messages while nobody reads. */
const MAX_AHEAD = 3;

const short: Note = { n: 1, text: 'x'.repeat(1000) };
const shortFrame = message(short);

/** So many bytes of messages; the last one may not be whole. */
function messages(id: number, bytes: number): Buffer[] {
  const all = Buffer.concat(Array.from({ length: bytes / shortFrame.length + 1 }, () => shortFrame)).subarray(0, bytes);
  const frames: Buffer[] = [];
  for (let at = 0; at < bytes; at += MAX_FRAME_BYTES) frames.push(data(id, all.subarray(at, at + MAX_FRAME_BYTES)));
  return frames;
}

/** Messages without end, counted as they are taken. */
class Source {
  taken = 0;
  isOver = false;
  readonly note$: Observable<Note> = watch(pull(this.#notes()));

  *#notes(): Generator<Note> {
    try {
      for (;;) {
        this.taken++;
        yield note;
      }
    } finally {
      this.isOver = true;
    }
  }
}

const takenOf = (sources: readonly Source[]): number => sources.reduce((sum, { taken }) => sum + taken, 0);

/** All have been asked for so much as there will ever be asked. */
async function expectPaused(sources: readonly Source[]): Promise<void> {
  expect(await settled(() => takenOf(sources))).to.be.within(STREAMS, STREAMS * MAX_AHEAD);
  for (const { taken } of sources) expect(taken).to.be.within(1, MAX_AHEAD);
}

/** One has been given so much more, and the others are where they were. */
async function expectOneOn(sources: readonly Source[], bytes: number): Promise<void> {
  const [first, ...others] = sources;
  const before = takenOf(others);
  await settled(() => first!.taken);
  expect(first!.taken).to.be.within(bytes / note.text!.length - 1, bytes / note.text!.length + MAX_AHEAD);
  expect(takenOf(others)).to.equal(before);
}

describe('A client that does not read', () => {
  const bad = useBadClient();

  /** Many calls of it, each with a source, and none read. */
  async function begin() {
    const sources: Source[] = [];
    const endless: LabHandler = () => {
      const source = new Source();
      sources.push(source);
      return source.note$;
    };
    const victim = await bad.run({ implementation: { bidi: endless, unary: request$ => request$ } });
    const client = victim.connect({ window: 0 });
    client.send(windowUpdate(0, 2 ** 30));
    const ids = Array.from({ length: STREAMS }, () => client.open('bidi'));
    while (sources.length < STREAMS) await new Promise(setImmediate);
    return { victim, client, ids, sources };
  }

  it('pauses the source of each of its calls, and of no other', async () => {
    const { victim, client, ids, sources } = await begin();
    await expectPaused(sources);
    for (const { sent } of inspect(victim.server).calls) expect(sent).to.include({ waitsFor: 'wire', queuedBytes: 0 });
    client.send(windowUpdate(ids[0]!, 1_000_000));
    await expectOneOn(sources, 1_000_000);

    const other = client.open('unary');
    client.send(windowUpdate(other, 1000), data(other, message({ n: 1 }), true));
    await client.seen(frame => frame.stream === other && isEndOfStream(frame));

    client.send(...ids.map(id => reset(id, NGHTTP2_CANCEL)));
    await settled(() => inspect(victim.server).calls.length);
    expect(sources.filter(({ isOver }) => !isOver)).to.deep.equal([]);
    await victim.livesOn();
  });

  it('and goes leaves nothing', async () => {
    const { victim, client, sources } = await begin();
    await expectPaused(sources);
    client.socket.destroy();
    await settled(() => inspect(victim.server).calls.length);
    expect(sources.filter(({ isOver }) => !isOver)).to.deep.equal([]);
    await victim.livesOn();
  });

  itGivesBackTheMemory();
});

describe('A server that does not read', () => {
  const bad = useBadServer();

  async function begin() {
    const { peer, client, livesOn, nextStream } = await bad.run({ peer: { window: 0 } });
    const sources = Array.from({ length: STREAMS }, () => new Source());
    const calls = sources.map(({ note$ }) => record(client.bidi(note$)));
    const ids: number[] = [];
    for (let i = 0; i < STREAMS; i++) ids.push(await nextStream());
    return { peer, client, livesOn, nextStream, sources, calls, ids };
  }

  it('pauses the source of each of its calls, and of no other', async () => {
    const { peer, client, livesOn, sources, calls, ids } = await begin();
    await expectPaused(sources);
    for (const { sent } of inspect(client).calls) expect(sent).to.include({ waitsFor: 'wire', queuedBytes: 0 });
    peer.send(windowUpdate(ids[0]!, 1_000_000));
    await expectOneOn(sources, 1_000_000);
    for (const { subscription } of calls) subscription.unsubscribe();
    expect(sources.filter(({ isOver }) => !isOver)).to.deep.equal([]);
    await livesOn();
  });

  it('and answers, resets or goes leaves nothing', async () => {
    const { peer, livesOn, sources, calls, ids } = await begin();
    await expectPaused(sources);
    const third = Math.floor(STREAMS / 3);
    peer.send(...ids.slice(0, third).flatMap(wholeResponse));
    peer.send(...ids.slice(third, 2 * third).map(id => reset(id, NGHTTP2_CANCEL)));
    for (const [i, { ending }] of calls.slice(0, 2 * third).entries()) {
      const { error } = await ending;
      if (i < third) expect(error).to.equal(undefined);
      else expect(error).to.include({ code: Code.CANCELLED });
    }
    peer.connections[0]!.destroy();
    for (const { ending } of calls.slice(2 * third)) {
      expect((await ending).error).to.include({ code: Code.UNAVAILABLE });
    }
    expect(sources.filter(({ isOver }) => !isOver)).to.deep.equal([]);
    await livesOn();
  });

  itGivesBackTheMemory();
});

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
