import { expect } from 'chai';
import { NEVER, Subject } from 'rxjs';
import { type CallReport, type Direction, inspect, pull, toAsyncIterable } from '../../lib/index.ts';
import { concatMap } from '../../lib/operators.ts';
import { overEachTransport, overTransportsOfBytes } from '../support/bench.ts';
import type { Note } from '../support/lab.ts';
import { settled } from '../support/settled.ts';

const text = 'x'.repeat(32 * 1024);
const endless$ = () =>
  pull(function* () {
    for (let n = 0; ; n++) yield { n, text };
  });

/** The only live call. */
const only = (of: object): CallReport => {
  expect(inspect(of).calls).to.have.length(1);
  return inspect(of).calls[0]!;
};

overEachTransport('inspect', bench => {
  it('lists path, shape and counts of each live call on both sides, and none that has ended', async () => {
    const lab = await bench.run({ bidi: request$ => request$, unary: request$ => request$ });
    const note$ = new Subject<Note>();
    const answers = toAsyncIterable(lab.client.bidi(note$))[Symbol.asyncIterator]();
    const first = answers.next();
    for (let n = 0; n < 3; n++) note$.next({ n });
    for (const answer of [first, answers.next(), answers.next()]) await answer;

    const before = Date.now() - 10_000;
    for (const side of [lab.client, lab.server]) {
      const report = only(side);
      expect(report).to.include({ path: '/lab.Lab/Bidi', shape: 'bidi' });
      expect(report.startedAt.getTime()).to.be.within(before, Date.now());
      expect(report.received.messages).to.equal(3);
      expect(report.sent).to.include({ messages: 3, queuedBytes: 0, waitsFor: undefined });
    }

    note$.complete();
    expect((await answers.next()).done).to.equal(true);
    expect(inspect(lab.client).calls).to.deep.equal([]);
    await settled(() => inspect(lab.server).calls.length);
    expect(inspect(lab.server).calls).to.deep.equal([]);
  });

  it('reports for a download whose reader stopped: the server waits for the wire, the client for demand', async () => {
    const lab = await bench.run({ serverStream: endless$ });
    const start = Date.now();
    const answers = toAsyncIterable(lab.client.serverStream({ n: 1 }))[Symbol.asyncIterator]();
    await answers.next();
    await settled(() => only(lab.server).sent.messages);
    expect(only(lab.client).received.waitsFor).to.equal('demand');
    const { waitsFor, waitsSince } = only(lab.server).sent;
    expect(waitsFor).to.equal('wire');
    expect(waitsSince!.getTime()).to.be.within(start, Date.now());
    await answers.return?.();
  });

  it('reports for an upload into work that never ends: the server waits for demand, the client for the wire', async () => {
    const lab = await bench.run({ bidi: request$ => request$.pipe(concatMap(() => NEVER)) });
    const upload = lab.client.bidi(endless$()).subscribe();
    await settled(() => inspect(lab.client).calls[0]?.sent.messages ?? 0);
    expect(only(lab.client).sent.waitsFor).to.equal('wire');
    expect(only(lab.server).received.waitsFor).to.equal('demand');
    upload.unsubscribe();
  });

  it('reports for an echo to a reader that stopped: its requests wait for the wire, not for work', async () => {
    const lab = await bench.run({ bidi: request$ => request$ });
    const answers = toAsyncIterable(lab.client.bidi(endless$()))[Symbol.asyncIterator]();
    await answers.next();
    await settled(() => only(lab.client).sent.messages);
    expect(only(lab.server).received.waitsFor).to.equal('wire');
    await answers.return?.();
  });

  it('reports the start and end of pauses to listeners', async () => {
    const work$ = new Subject<Note>();
    const lab = await bench.run({ bidi: request$ => request$.pipe(concatMap(note => pull(one(work$, note)))) });
    const heard: string[] = [];
    const hear = (event: string) => (report: CallReport, direction: Direction) =>
      heard.push(`${event} ${direction} ${report.shape}`);
    inspect(lab.server).on('paused', hear('paused')).on('resumed', hear('resumed'));
    const note$ = new Subject<Note>();
    const upload = lab.client.bidi(note$).subscribe();
    note$.next({ n: 1 });
    await settled(() => heard.length);
    expect(heard).to.deep.equal(['paused received bidi']);
    work$.next({ n: 1 });
    await settled(() => heard.length);
    expect(heard).to.deep.equal(['paused received bidi', 'resumed received bidi']);
    upload.unsubscribe();
  });

  it('reports for an outbound stream that its source waits for the wire', async () => {
    const lab = await bench.run({ bidi: () => NEVER });
    const heard = new Set<string>();
    inspect(lab.client).on('paused', (report, direction) => heard.add(`${direction} ${report.sent.waitsFor}`));
    const notes = Array.from({ length: 100 }, (_, n) => ({ n, text }));
    const upload = lab.client.bidi(pull(notes)).subscribe();
    await settled(() => only(lab.client).sent.messages);
    expect([...heard]).to.deep.equal(['sent wire']);
    upload.unsubscribe();
  });

  it('throws for what is neither client nor server', () => {
    expect(() => inspect({})).to.throw(TypeError, /connect\(\).*serve\(\)/);
  });
});

overTransportsOfBytes('inspect', bench => {
  it('reports the bytes queued because their source cannot wait', async () => {
    const note$ = new Subject<Note>();
    const lab = await bench.run({ bidi: () => NEVER });
    const upload = lab.client.bidi(note$).subscribe();
    for (let n = 0; n < 40; n++) note$.next({ n, text });
    expect(only(lab.client).sent.queuedBytes).to.be.above(17 * 32 * 1024);
    upload.unsubscribe();
  });
});

/** An async iterable of one note, yielded when the Subject emits. */
async function* one(when$: Subject<Note>, note: Note): AsyncGenerator<Note> {
  await new Promise<void>(resolve => when$.subscribe(() => resolve()));
  yield note;
}
