import { expect } from 'chai';
import { filter, map, NEVER, type Observable, Subject, takeUntil } from 'rxjs';
import { pull } from '../../lib/flow/pull.ts';
import { toAsyncIterable } from '../../lib/flow/to-async-iterable.ts';
import { mergeMap } from '../../lib/operators.ts';
import { overTransportsOfBytes } from '../support/bench.ts';
import type { Note } from '../support/lab.ts';
import { settled } from '../support/settled.ts';
import { withResolvers } from '../support/with-resolvers.ts';

/**
 * How far a source may run ahead of a reader that stopped, in messages of 32 KiB, for one hop: 16 that the reading side's
 * stream holds, 64 KiB in the HTTP/2 window and 64 KiB in flight (2 each), 4 KiB of retry buffer on a client. As documented
 * in docs/backpressure.md.
 */
const MAX_AHEAD = 21;
const READ = 10;
const text = 'x'.repeat(32 * 1024);

/** A source that counts how often it is asked, through operators of RxJS. */
function counted(): { readonly asked: () => number; readonly note$: Observable<Note> } {
  let asked = 0;
  const source$ = pull(function* () {
    for (;;) yield { n: ++asked, text };
  });
  return {
    asked: () => asked,
    note$: source$.pipe(
      map(note => ({ ...note })),
      filter(note => note.n > 0),
    ),
  };
}

/** Reads so many and then never again. */
async function readSome(note$: Observable<Note>): Promise<AsyncIterator<Note>> {
  const notes = toAsyncIterable(note$)[Symbol.asyncIterator]();
  for (let n = 1; n <= READ; n++) expect((await notes.next()).value.n).to.equal(n);
  return notes;
}

/** A handler's reader that stops, and says when it has read what it wanted. */
function stoppingReader() {
  const hasRead = withResolvers<AsyncIterator<Note>>();
  return {
    hasRead: hasRead.promise,
    handler: (note$: Observable<Note>) => {
      readSome(note$).then(hasRead.resolve, hasRead.reject);
      return NEVER;
    },
  };
}

overTransportsOfBytes('a source behind a reader that stopped', bench => {
  it('is asked for at most 21 messages of 32 KiB more: server to client', async () => {
    const { asked, note$ } = counted();
    const lab = await bench.run({ serverStream: () => note$ });
    const reader = await readSome(lab.client.serverStream({ n: 1 }));
    expect(await settled(asked)).to.be.within(READ, READ + MAX_AHEAD);
    await reader.return?.();
  });

  it('is asked for at most 21 messages of 32 KiB more: client to server', async () => {
    const { asked, note$ } = counted();
    const { hasRead, handler } = stoppingReader();
    const lab = await bench.run({ clientStream: handler });
    const upload = lab.client.clientStream(note$).subscribe();
    await hasRead;
    expect(await settled(asked)).to.be.within(READ, READ + MAX_AHEAD);
    upload.unsubscribe();
  });

  it('is asked for at most 21 messages of 32 KiB more: the requests of a bidi call', async () => {
    const { asked, note$ } = counted();
    const { hasRead, handler } = stoppingReader();
    const lab = await bench.run({ bidi: handler });
    const upload = lab.client.bidi(note$).subscribe();
    await hasRead;
    expect(await settled(asked)).to.be.within(READ, READ + MAX_AHEAD);
    upload.unsubscribe();
  });

  it('is asked for at most 21 messages of 32 KiB more: the responses of a bidi call', async () => {
    const { asked, note$ } = counted();
    const lab = await bench.run({ bidi: () => note$ });
    const reader = await readSome(lab.client.bidi(NEVER));
    expect(await settled(asked)).to.be.within(READ, READ + MAX_AHEAD);
    await reader.return?.();
  });

  it('is asked for at most one hop more by each hop: a handler that answers each request', async () => {
    const { asked, note$ } = counted();
    const lab = await bench.run({ bidi: request$ => request$.pipe(map(note => ({ ...note }))) });
    const reader = await readSome(lab.client.bidi(note$));
    expect(await settled(asked)).to.be.within(READ, READ + 2 * MAX_AHEAD);
    await reader.return?.();
  });
});

overTransportsOfBytes('an upload into mergeMap(save, 8)', bench => {
  it('waits for save: at most 8 at work, and no more sent than one hop holds', async () => {
    const { asked, note$ } = counted();
    const saves: Subject<Note>[] = [];
    let atWork = 0;
    let mostAtWork = 0;
    const save = () => {
      mostAtWork = Math.max(mostAtWork, ++atWork);
      const saving = new Subject<Note>();
      saves.push(saving);
      return saving;
    };
    const saved = () => {
      atWork--;
      saves.shift()?.complete();
    };
    const lab = await bench.run({
      // An inner that comes from a Subject is not waited for (it may depend on its own source), so it is wrapped.
      bidi: request$ => request$.pipe(mergeMap(() => pull(neverBut(save())), 8)),
    });
    const upload = lab.client.bidi(note$).subscribe();
    expect(await settled(asked)).to.be.within(8, 8 + MAX_AHEAD);
    expect(saves).to.have.length(8);

    for (let n = 0; n < 100; n++) {
      saved();
      await settled(() => saves.length);
    }
    expect(mostAtWork).to.equal(8);
    expect(await settled(asked)).to.be.within(108, 108 + MAX_AHEAD);
    upload.unsubscribe();
  });
});

/** An async iterable that ends when the Subject does, and has no values. */
async function* neverBut(end$: Subject<Note>): AsyncGenerator<Note> {
  await new Promise<void>(resolve => end$.subscribe({ complete: resolve }));
}

overTransportsOfBytes('6,144 messages', bench => {
  it('all arrive in order when producer and consumer stall in turn', async () => {
    const lab = await bench.run({ bidi: request$ => request$ });
    let n = 0;
    const sent$ = pull(async function* () {
      while (n < 6144) {
        yield { n: n++, text: 'x'.repeat(1000) };
        if (n % 500 === 0) await settled(() => n);
      }
    });
    let expected = 0;
    for await (const note of toAsyncIterable(lab.client.bidi(sent$))) {
      expect(note.n).to.equal(expected++);
      if (expected % 700 === 0) await settled(() => n);
    }
    expect(expected).to.equal(6144);
  });
});

overTransportsOfBytes('takeUntil by an inbound stream', bench => {
  it('ends a download whose sink is full', async () => {
    const { asked, note$ } = counted();
    const stop$ = new Subject<Note>();
    const lab = await bench.run({ bidi: request$ => note$.pipe(takeUntil(request$)) });
    const reader = await readSome(lab.client.bidi(stop$));
    await settled(asked);
    stop$.next({ n: 0 });
    let rest = 0;
    while (!(await reader.next()).done) rest++;
    expect(rest).to.be.at.most(MAX_AHEAD);
    expect(asked()).to.be.at.most(READ + MAX_AHEAD);
  });
});
