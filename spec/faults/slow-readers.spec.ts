import http2 from 'node:http2';
import { expect } from 'chai';
import type { Observable } from 'rxjs';
import { Code, inspect, pull } from '../../lib/index.ts';
import { data, isEndOfStream, message, reset, windowUpdate } from '../grpc-js/raw-peer.ts';
import type { LabHandler } from '../support/bench.ts';
import type { Note } from '../support/lab.ts';
import { record } from '../support/record.ts';
import { settled } from '../support/settled.ts';
import { useBadClient } from './bad-client.ts';
import { useBadServer } from './bad-server.ts';
import { itGivesBackTheMemory, watch } from './memory.ts';
import { wholeResponse } from './points.ts';

const { NGHTTP2_CANCEL } = http2.constants;
const STREAMS = 200;
const note: Note = { n: 1, text: 'x'.repeat(32 * 1024) };
/** The number of such messages that a stream holds while nobody reads. */
const MAX_AHEAD = 3;

/** An endless source of messages that counts what is taken. */
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

/** Expects every source to be paused at its bound. */
async function expectPaused(sources: readonly Source[]): Promise<void> {
  expect(await settled(() => takenOf(sources))).to.be.within(STREAMS, STREAMS * MAX_AHEAD);
  for (const { taken } of sources) expect(taken).to.be.within(1, MAX_AHEAD);
}

/** Expects the first source to supply this many more bytes, and the others nothing. */
async function expectOneOn(sources: readonly Source[], bytes: number): Promise<void> {
  const [first, ...others] = sources;
  const before = takenOf(others);
  await settled(() => first!.taken);
  expect(first!.taken).to.be.within(bytes / note.text!.length - 1, bytes / note.text!.length + MAX_AHEAD);
  expect(takenOf(others)).to.equal(before);
}

describe('A client that does not read', () => {
  const bad = useBadClient();

  /** Many calls of it, each with a source, none of them read. */
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

  it('pauses the source of each of its calls, and no other', async () => {
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

  it('and disconnects leaves nothing behind', async () => {
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

  it('pauses the source of each of its calls, and no other', async () => {
    const { peer, client, livesOn, sources, calls, ids } = await begin();
    await expectPaused(sources);
    for (const { sent } of inspect(client).calls) expect(sent).to.include({ waitsFor: 'wire', queuedBytes: 0 });
    peer.send(windowUpdate(ids[0]!, 1_000_000));
    await expectOneOn(sources, 1_000_000);
    for (const { subscription } of calls) subscription.unsubscribe();
    expect(sources.filter(({ isOver }) => !isOver)).to.deep.equal([]);
    await livesOn();
  });

  it('and answers, resets or disconnects leaves nothing behind', async () => {
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
