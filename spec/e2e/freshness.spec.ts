import { expect } from 'chai';
import { type Observable, Subject } from 'rxjs';
import { inspect, toAsyncIterable } from '../../lib/index.ts';
import { concatMap, onBackpressureBuffer, onBackpressureDrop, onBackpressureLatest } from '../../lib/operators.ts';
import { overEachTransport } from '../support/bench.ts';
import type { Note } from '../support/lab.ts';
import { settled } from '../support/settled.ts';
import { withResolvers } from '../support/with-resolvers.ts';

/** More than any window holds: the 192 KiB window of a server stream holds 12,000 of these notes. */
const MANY = 20_000;

/** Numbered notes from a source that cannot wait, so that the sender holds none back. */
function numbered() {
  const note$ = new Subject<Note>();
  let n = 0;
  return {
    note$,
    /** Emits the given number of further notes. */
    send: (count: number) => {
      for (let i = 0; i < count; i++) note$.next({ n: ++n });
    },
  };
}

/** A reader that takes its time for each note: the notes that it has started, and how to let it take the next. */
function slowReader(note$: Observable<Note>) {
  const begun: number[] = [];
  let done = withResolvers<void>();
  const subscription = note$
    .pipe(
      concatMap(async ({ n }) => {
        begun.push(n);
        await done.promise;
      }),
    )
    .subscribe({ error: () => {} });
  return {
    begun,
    goOn: () => {
      const { resolve } = done;
      done = withResolvers<void>();
      resolve();
    },
    stop: () => subscription.unsubscribe(),
  };
}

overEachTransport('A reader that pauses behind onBackpressureLatest', bench => {
  it('gets the newest value that has arrived when it resumes, 0 behind: on a client', async () => {
    const { note$, send } = numbered();
    const lab = await bench.run({ serverStream: () => note$ });
    const reader = slowReader(lab.client.serverStream({ n: 0 }).pipe(onBackpressureLatest()));
    await settled(() => inspect(lab.server).calls.length);
    for (let pause = 1; pause <= 2; pause++) {
      send(MANY);
      expect(await settled(() => inspect(lab.client).calls[0]!.received.messages)).to.equal(pause * MANY);
      reader.goOn();
      await settled(() => reader.begun.length);
      expect(reader.begun.at(-1)).to.equal(pause * MANY);
    }
    expect(reader.begun).to.deep.equal([1, MANY, 2 * MANY]);
    reader.stop();
  });

  it('gets the newest value that has arrived when it resumes, 0 behind: in a handler', async () => {
    const { note$, send } = numbered();
    const opened = withResolvers<ReturnType<typeof slowReader>>();
    const lab = await bench.run({
      bidi: (request$: Observable<Note>) => {
        opened.resolve(slowReader(request$.pipe(onBackpressureLatest())));
        return new Subject<Note>();
      },
    });
    const call = lab.client.bidi(note$).subscribe();
    send(1);
    const reader = await opened.promise;
    for (let pause = 1; pause <= 2; pause++) {
      send(MANY);
      expect(await settled(() => inspect(lab.server).calls[0]!.received.messages)).to.equal(1 + pause * MANY);
      reader.goOn();
      await settled(() => reader.begun.length);
      expect(reader.begun.at(-1)).to.equal(1 + pause * MANY);
    }
    reader.stop();
    call.unsubscribe();
  });

  it('gets the newest value of each key when it resumes', async () => {
    const { note$, send } = numbered();
    const lab = await bench.run({ serverStream: () => note$ });
    const latest = onBackpressureLatest<Note>({ by: ({ n }) => n % 3 });
    const notes = toAsyncIterable(lab.client.serverStream({ n: 0 }).pipe(latest))[Symbol.asyncIterator]();
    const first = notes.next();
    await settled(() => inspect(lab.server).calls.length);
    send(MANY);
    expect((await first).value.n).to.equal(1);
    expect(await settled(() => latest.dropped)).to.equal(MANY - 1 - 3);
    const newest = [await notes.next(), await notes.next(), await notes.next()].map(({ value }) => value.n);
    expect(newest).to.have.members([MANY - 2, MANY - 1, MANY]);
    await notes.return?.();
  });
});

overEachTransport('A reader that pauses behind another policy', bench => {
  it('does not slow down the sender: onBackpressureBuffer keeps everything, onBackpressureDrop nothing', async () => {
    const { note$, send } = numbered();
    const lab = await bench.run({ serverStream: () => note$ });
    const buffer = onBackpressureBuffer<Note>(MANY);
    const drop = onBackpressureDrop<Note>();
    const readers = [buffer, drop].map(policy => slowReader(lab.client.serverStream({ n: 0 }).pipe(policy)));
    await settled(() => inspect(lab.server).calls.length);
    send(MANY);
    await settled(() => buffer.queued + drop.dropped);
    expect(buffer).to.include({ queued: MANY - 1, dropped: 0 });
    expect(drop).to.include({ queued: 0, dropped: MANY - 1 });
    for (const { calls } of [inspect(lab.client), inspect(lab.server)]) {
      for (const { sent, received } of calls) {
        expect([sent.waitsFor, received.waitsFor]).to.deep.equal([undefined, undefined]);
      }
    }
    for (const reader of readers) reader.stop();
  });
});
