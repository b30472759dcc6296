import { expect } from 'chai';
import { filter, map, NEVER, type Observable } from 'rxjs';
import { contextKey, pull, toAsyncIterable } from '../../lib/index.ts';
import {
  bearer,
  type CallLine,
  concurrencyLimit,
  deadline,
  logging,
  retry,
  verifyBearer,
} from '../../lib/middleware.ts';
import { documentedRunAhead } from '../support/documented-run-ahead.ts';
import type { Note } from '../support/lab.ts';
import { type Running, running } from '../support/running.ts';
import { settled } from '../support/settled.ts';
import { withResolvers } from '../support/with-resolvers.ts';

const maxAhead = documentedRunAhead('others').of32KiB;
const READ = 10;
const text = 'x'.repeat(32 * 1024);

function counted(): { readonly asked: () => number; readonly note$: Observable<Note> } {
  let asked = 0;
  const note$ = pull(function* () {
    for (;;) yield { n: ++asked, text };
  });
  return {
    asked: () => asked,
    note$: note$.pipe(
      map(note => ({ ...note })),
      filter(note => note.n > 0),
    ),
  };
}

async function readSome(note$: Observable<Note>): Promise<AsyncIterator<Note>> {
  const notes = toAsyncIterable(note$)[Symbol.asyncIterator]();
  for (let n = 1; n <= READ; n++) expect((await notes.next()).value.n).to.equal(n);
  return notes;
}

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

const user = contextKey<string>('user');

/** A server and a client behind all available middleware, and their log entries at the end. */
async function stacked(
  implementation: Parameters<typeof running>[0],
): Promise<Running & { readonly lines: CallLine[] }> {
  const lines: CallLine[] = [];
  const write = (line: CallLine) => {
    lines.push(line);
  };
  const logger = { info: write, warn: write, error: write };
  const lab = await running(
    implementation,
    {
      middleware: [
        logging({ logger }),
        deadline({ defaultMs: 50_000, maxMs: 60_000 }),
        verifyBearer(user, async token => token),
        concurrencyLimit({ max: 10, maxQueued: 10 }),
      ],
    },
    {
      middleware: [
        logging({ logger }),
        deadline(40_000),
        retry({ resume: (_, request$) => request$ }),
        bearer(async () => 't0ken', { allowPlaintext: true }),
        concurrencyLimit({ max: 10, maxQueued: 10 }),
      ],
    },
  );
  return Object.assign(lab, { lines });
}

describe('A source whose reader stops, behind all middleware', () => {
  it('runs ahead no further than without middleware: server to client', async () => {
    const { asked, note$ } = counted();
    await using lab = await stacked({ serverStream: () => note$ });
    const reader = await readSome(lab.client.serverStream({ n: 1 }));
    expect(await settled(asked)).to.be.within(READ, READ + documentedRunAhead('serverStream').of32KiB);
    await reader.return?.();
  });

  it('runs ahead no further than without middleware: client to server', async () => {
    const { asked, note$ } = counted();
    const { hasRead, handler } = stoppingReader();
    await using lab = await stacked({ clientStream: handler });
    const upload = lab.client.clientStream(note$).subscribe();
    await hasRead;
    expect(await settled(asked)).to.be.within(READ, READ + maxAhead);
    upload.unsubscribe();
  });

  it('runs ahead no further than without middleware: requests of a bidi call', async () => {
    const { asked, note$ } = counted();
    const { hasRead, handler } = stoppingReader();
    await using lab = await stacked({ bidi: handler });
    const upload = lab.client.bidi(note$).subscribe();
    await hasRead;
    expect(await settled(asked)).to.be.within(READ, READ + maxAhead);
    upload.unsubscribe();
  });

  it('runs ahead no further than without middleware: responses of a bidi call', async () => {
    const { asked, note$ } = counted();
    await using lab = await stacked({ bidi: () => note$ });
    const reader = await readSome(lab.client.bidi(NEVER));
    expect(await settled(asked)).to.be.within(READ, READ + maxAhead);
    await reader.return?.();
  });

  it('runs ahead no further than without middleware: a handler that answers each request, two hops', async () => {
    const { asked, note$ } = counted();
    await using lab = await stacked({ bidi: request$ => request$.pipe(map(note => ({ ...note }))) });
    const reader = await readSome(lab.client.bidi(note$));
    expect(await settled(asked)).to.be.within(READ, READ + 2 * maxAhead);
    await reader.return?.();
  });
});

describe('6,144 messages through all the middleware', () => {
  it('arrive in order when producer and consumer stall in turn, and are counted', async () => {
    await using lab = await stacked({ bidi: request$ => request$ });
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
    await settled(() => lab.lines.length);
    expect(
      lab.lines.map(({ side, code, requests, responses }) => [side, code, requests, responses]),
    ).to.have.deep.members([
      ['client', 'OK', 6144, 6144],
      ['server', 'OK', 6144, 6144],
    ]);
  });
});
