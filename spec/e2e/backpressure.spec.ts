import { readFileSync } from 'node:fs';
import { Client, credentials } from '@grpc/grpc-js';
import { expect } from 'chai';
import { filter, map, NEVER, type Observable, Subject, takeUntil } from 'rxjs';
import { close, connect, pull, toAsyncIterable } from '../../lib/index.ts';
import { mergeMap } from '../../lib/operators.ts';
import { type LabClient, type LabImplementation, overTransportsOfBytes, useBench } from '../support/bench.ts';
import { documentedRunAhead } from '../support/documented-run-ahead.ts';
import { Lab, type Note } from '../support/lab.ts';
import { settled } from '../support/settled.ts';
import { withResolvers } from '../support/with-resolvers.ts';

/** Message counts after which the reader stops: the window is then full, half full, or due for an update. */
const STOPS = [10, 1, 7, 23, 64];

const sizes = { '32 KiB': 32 * 1024, '1 KiB': 1000 };
type Size = keyof typeof sizes;

/** A source that counts the values it is asked for, behind RxJS operators. */
function counted(size: Size = '32 KiB'): { readonly asked: () => number; readonly note$: Observable<Note> } {
  let asked = 0;
  const text = 'x'.repeat(sizes[size]);
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

/** Reads and pauses repeatedly, then stops for good. Returns the maximum number of messages that the source was ahead. */
async function mostAhead(note$: Observable<Note>, asked: () => number): Promise<number> {
  const notes = toAsyncIterable(note$)[Symbol.asyncIterator]();
  let read = 0;
  let most = 0;
  for (const count of STOPS) {
    for (let i = 0; i < count; i++) expect((await notes.next()).value.n).to.equal(++read);
    most = Math.max(most, (await settled(asked)) - read);
  }
  await notes.return?.();
  return most;
}

/** The same for a handler. */
function stoppingReader(asked: () => number) {
  const ahead = withResolvers<number>();
  return {
    ahead: ahead.promise,
    handler: (note$: Observable<Note>) => {
      mostAhead(note$, asked).then(ahead.resolve, ahead.reject);
      return NEVER;
    },
  };
}

overTransportsOfBytes('A source whose reader stops', (bench, transport) => {
  const limitOf = (size: Size, row: Parameters<typeof documentedRunAhead>[0]) => {
    const { of32KiB, of1KiB } = documentedRunAhead(transport === 'over the wire' ? row : 'loopback');
    return size === '32 KiB' ? of32KiB : of1KiB;
  };

  for (const size of ['32 KiB', '1 KiB'] as const) {
    it(`runs ahead by no more than the documented number of ${size} messages: server to client`, async () => {
      const { asked, note$ } = counted(size);
      const lab = await bench.run({ serverStream: () => note$ });
      const ahead = await mostAhead(lab.client.serverStream({ n: 1 }), asked);
      expect(ahead).to.be.within(1, limitOf(size, 'serverStream'));
    });

    it(`runs ahead by no more than the documented number of ${size} messages: client to server`, async () => {
      const { asked, note$ } = counted(size);
      const { ahead, handler } = stoppingReader(asked);
      const lab = await bench.run({ clientStream: handler });
      const upload = lab.client.clientStream(note$).subscribe();
      expect(await ahead).to.be.within(1, limitOf(size, 'others'));
      upload.unsubscribe();
    });

    it(`runs ahead by no more than the documented number of ${size} messages: requests of a bidi call`, async () => {
      const { asked, note$ } = counted(size);
      const { ahead, handler } = stoppingReader(asked);
      const lab = await bench.run({ bidi: handler });
      const upload = lab.client.bidi(note$).subscribe();
      expect(await ahead).to.be.within(1, limitOf(size, 'others'));
      upload.unsubscribe();
    });

    it(`runs ahead by no more than the documented number of ${size} messages: responses of a bidi call`, async () => {
      const { asked, note$ } = counted(size);
      const lab = await bench.run({ bidi: () => note$ });
      const ahead = await mostAhead(lab.client.bidi(NEVER), asked);
      expect(ahead).to.be.within(1, limitOf(size, 'others'));
    });

    it(`runs ahead by at most one more hop per hop: a handler that answers each ${size} request`, async () => {
      const { asked, note$ } = counted(size);
      const lab = await bench.run({ bidi: request$ => request$.pipe(map(note => ({ ...note }))) });
      const ahead = await mostAhead(lab.client.bidi(note$), asked);
      expect(ahead).to.be.within(1, 2 * limitOf(size, 'others'));
    });
  }
});

describe('A source whose reader stops, over a grpc-js Client', () => {
  const bench = useBench();

  async function ownClient(implementation: LabImplementation): Promise<LabClient> {
    const { server } = await bench.run(implementation);
    const own = new Client(`127.0.0.1:${server.port}`, credentials.createInsecure());
    bench.onEnd(() => own.close());
    const client = connect(Lab, own);
    bench.onEnd(() => close(client));
    return client;
  }

  for (const [size, key] of [
    ['32 KiB', 'of32KiB'],
    ['1 KiB', 'of1KiB'],
  ] as const) {
    it(`runs ahead by no more than the documented number of ${size} messages: responses`, async () => {
      const { asked, note$ } = counted(size);
      const client = await ownClient({ serverStream: () => note$ });
      const ahead = await mostAhead(client.serverStream({ n: 1 }), asked);
      expect(ahead).to.be.within(1, documentedRunAhead('ownResponses')[key]);
    });

    it(`runs ahead by no more than the documented number of ${size} messages: requests`, async () => {
      const { asked, note$ } = counted(size);
      const { ahead, handler } = stoppingReader(asked);
      const client = await ownClient({ bidi: handler });
      const upload = client.bidi(note$).subscribe();
      expect(await ahead).to.be.within(1, documentedRunAhead('ownRequests')[key]);
      upload.unsubscribe();
    });
  }
});

describe('README', () => {
  it('states the same run-ahead as docs/backpressure.md', () => {
    const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8').replaceAll(/\s+/g, ' ');
    const [said] = /the source runs at most .*?\(see \[docs\/backpressure/.exec(readme)!;
    const figures = [20, 22].flatMap(major =>
      (['others', 'serverStream'] as const).map(row => documentedRunAhead(row, major)),
    );
    const [, stream, othersSince22, streamSince22] = figures.map(each => `${each.of32KiB} or ${each.of1KiB}`);
    const { of32KiB, of1KiB } = figures[0]!;
    expect(said).to.contain(`at most ${of32KiB} messages of 32 KiB, or ${of1KiB} of 1 KiB,`);
    expect(said).to.contain(`for a server's stream ${stream}.`);
    expect(said).to.contain(`With Node 22 and later the figures are ${othersSince22}, and ${streamSince22} (`);
  });
});

overTransportsOfBytes('An upload into mergeMap(save, 8)', (bench, transport) => {
  const maxAhead = documentedRunAhead(transport === 'over the wire' ? 'others' : 'loopback').of32KiB;

  it('runs at most 8 saves at a time and sends no more than one hop holds', async () => {
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
      // mergeMap does not pause for an inner Observable that comes from a Subject (it may depend on the source), so the Subject is wrapped.
      bidi: request$ => request$.pipe(mergeMap(() => pull(neverBut(save())), 8)),
    });
    const upload = lab.client.bidi(note$).subscribe();
    expect(await settled(asked)).to.be.within(8, 8 + maxAhead);
    expect(saves).to.have.length(8);

    for (let n = 0; n < 100; n++) {
      saved();
      await settled(() => saves.length);
    }
    expect(mostAtWork).to.equal(8);
    expect(await settled(asked)).to.be.within(108, 108 + maxAhead);
    upload.unsubscribe();
  });
});

/** An async iterable without values that ends when the Subject completes. */
async function* neverBut(end$: Subject<Note>): AsyncGenerator<Note> {
  await new Promise<void>(resolve => end$.subscribe({ complete: resolve }));
}

overTransportsOfBytes('6,144 messages', bench => {
  it('arrive in order when producer and consumer stall in turn', async () => {
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

overTransportsOfBytes('takeUntil with an inbound stream as its notifier', (bench, transport) => {
  it('ends a download whose sink is full', async () => {
    const { asked, note$ } = counted();
    const stop$ = new Subject<Note>();
    const lab = await bench.run({ bidi: request$ => note$.pipe(takeUntil(request$)) });
    const notes = toAsyncIterable(lab.client.bidi(stop$))[Symbol.asyncIterator]();
    await notes.next();
    const sent = await settled(asked);
    stop$.next({ n: 0 });
    let read = 1;
    while (!(await notes.next()).done) read++;
    expect(read).to.equal(sent);
    expect(asked()).to.equal(sent);
    expect(sent).to.be.at.most(1 + documentedRunAhead(transport === 'over the wire' ? 'others' : 'loopback').of32KiB);
  });
});
