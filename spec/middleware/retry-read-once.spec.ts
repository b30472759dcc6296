import { Readable } from 'node:stream';
import { expect } from 'chai';
import {
  asyncScheduler,
  concat,
  defer,
  from,
  map,
  NEVER,
  type Observable,
  of,
  range,
  Subject,
  shareReplay,
  skip,
  throwError,
  toArray,
} from 'rxjs';
import { Code, pull, RpcError } from '../../lib/index.ts';
import { retry } from '../../lib/middleware.ts';
import { useBench } from '../support/bench.ts';
import type { Note } from '../support/lab.ts';
import { errorOf, record } from '../support/record.ts';
import { call, fail, server } from './support/attempts.ts';
import { journal, virtually } from './support/fakes.ts';

const COUNT = 50;
const broken = () => new RpcError(Code.UNAVAILABLE, 'broken');
const quick = { initialBackoffMs: 1, maxBackoffMs: 1 };

function* rows(): Generator<Note> {
  for (let n = 0; n < COUNT; n++) yield { n };
}
async function* rowsLater(): AsyncGenerator<Note> {
  for (const row of rows()) yield row;
}

/** Sources that can be read once and cannot report a second read: it is empty. */
const readOnce: Record<string, () => Observable<Note>> = {
  'from(a generator object)': () => from(rows()),
  'from(an async generator object)': () => from(rowsLater()),
  'from(array.values())': () => from([...rows()].values()),
  'from(a Node stream)': () => from(Readable.from(rows()) as AsyncIterable<Note>),
  'from(a web stream)': () => from(Readable.toWeb(Readable.from(rows())) as unknown as AsyncIterable<Note>),
  'shareReplay(1)': () => from([...rows()]).pipe(shareReplay(1)),
  'a generator object in a defer': () => {
    const gen = rows();
    return defer(() => from(gen));
  },
  'a generator object through operators': () =>
    from(rows()).pipe(
      map(({ n }) => ({ n: n! + 1 })),
      skip(1),
    ),
};
const replayable: Record<string, () => Observable<Note>> = {
  'pull(a function)': () => pull(rows),
  'from(an array)': () => from([...rows()]),
  'shareReplay()': () => from([...rows()]).pipe(shareReplay()),
  'defer of a new generator': () => defer(() => from(rows())),
};

describe('retry of requests that are empty when read again', () => {
  const bench = useBench();

  /** An upload whose call fails at its 10th row, the first time. */
  async function upload(row$: Observable<Note>, options = {}) {
    const committed: number[] = [];
    let attempts = 0;
    const { client } = await bench.run(
      {
        clientStream: request$ => {
          const isFirst = ++attempts === 1;
          let count = 0;
          return request$.pipe(
            map(row => {
              if (isFirst && ++count === 10) throw broken();
              return row;
            }),
            toArray(),
            map(({ length }) => {
              committed.push(length);
              return { n: length };
            }),
          );
        },
      },
      {},
      { middleware: [retry({ ...quick, ...options })] },
    );
    const { ending } = record(client.clientStream(row$));
    return { error: (await ending).error as RpcError | undefined, committed };
  }

  for (const [name, row$] of Object.entries(readOnce)) {
    it(`never half-closes, and ends with the error of the previous attempt: ${name}`, async () => {
      const { error, committed } = await upload(row$());
      expect([error?.code, error?.details]).to.deep.equal([Code.UNAVAILABLE, 'broken']);
      expect(committed).to.deep.equal([]);
    });
  }

  for (const [name, row$] of Object.entries(replayable)) {
    it(`sends everything that can be read again: ${name}`, async () => {
      expect(await upload(row$())).to.deep.equal({ error: undefined, committed: [COUNT] });
    });
  }

  it('accepts as many requests as before, or more, and refuses one fewer', () => {
    for (const [count, isRefused] of [
      [4, true],
      [5, false],
      [6, false],
    ] as const) {
      virtually(({ flush }) => {
        let readings = 0;
        const request$ = defer(() => range(1, ++readings === 1 ? 5 : count));
        const { rpc } = server(fail, () => of('well'));
        const { log } = journal(call(rpc, {}, {}, request$));
        flush();
        expect(log.at(-1)).to.equal(isRefused ? '100 error UNAVAILABLE try later' : '100 complete');
      });
    }
  });

  it('compares with the attempt that took the most, however many there were', () => {
    virtually(({ flush }) => {
      const counts = [5, 0, 5];
      const request$ = defer(() => {
        const count = counts.shift()!;
        return count === 0 ? concat(of(1), new Subject()) : range(1, count - (counts.length === 0 ? 1 : 0));
      });
      const { rpc, startedAt } = server(fail, fail, () => of('well'));
      const { log } = journal(call(rpc, {}, {}, request$));
      flush();
      expect(startedAt).to.deep.equal([0, 100, 300]);
      expect(log).to.deep.equal(['300 error UNAVAILABLE try later']);
    });
  });

  for (const [name, source, isRefused] of [
    ['has one value that is not the first', [{ n: 1 }, { n: 2 }], true],
    ['has the first value again', [{ n: 1 }], false],
  ] as const) {
    it(`treats an attempt that ${name} as having ${isRefused ? 'the rest' : 'all'} when the previous one saw no end`, () => {
      virtually(({ flush }) => {
        let readings = 0;
        const request$ = defer(() => (++readings === 1 ? concat(of(source[0]), NEVER) : of(source.at(-1)!)));
        const { rpc } = server(fail, () => of('well'));
        const { log } = journal(call(rpc, {}, {}, request$));
        flush();
        expect(log.at(-1)).to.equal(isRefused ? '100 error UNAVAILABLE try later' : '100 complete');
      });
    });
  }

  it('accepts another message when the previous attempt reached the end', () => {
    virtually(({ flush }) => {
      const { rpc, received } = server(fail, () => of('well'));
      const { log } = journal(
        call(
          rpc,
          {},
          {},
          defer(() => of({ sentAt: asyncScheduler.now() })),
        ),
      );
      flush();
      expect(received).to.deep.equal([{ sentAt: 0 }, { sentAt: 100 }]);
      expect(log.at(-1)).to.equal('100 complete');
    });
  });

  it('accepts an attempt that succeeds before its requests end', () => {
    virtually(({ flush }) => {
      const gen = [1, 2, 3].values();
      const { rpc } = server(fail, () => of('well'));
      // The second attempt does not read.
      let attempts = 0;
      const once: typeof rpc = (request$, options) => (++attempts === 1 ? rpc(request$, options) : of('well'));
      const { log } = journal(call(once, {}, {}, from(gen)));
      flush();
      expect(log).to.deep.equal(['100 next well', '100 complete']);
    });
  });
});

describe('retry with resume of requests that are empty when read again', () => {
  const bench = useBench();

  async function chat(
    request$: Observable<Note>,
    resume: (last: Note, request$: Observable<Note>) => Observable<Note>,
  ) {
    let attempts = 0;
    const { client } = await bench.run(
      {
        bidi: request$ => {
          if (++attempts > 1) return request$;
          return request$.pipe(
            map(row => {
              if (row.n === 10) throw broken();
              return row;
            }),
          );
        },
      },
      {},
      { middleware: [retry({ ...quick, resume })] },
    );
    const { values, ending } = record(client.bidi(request$));
    return { error: (await ending).error as RpcError | undefined, last: values.at(-1)?.n, attempts };
  }

  it('ends with the error of the previous attempt when resume returns request$ itself', async () => {
    const { error, last } = await chat(from(rows()), (_, request$) => request$);
    expect([error?.details, last]).to.deep.equal(['broken', 9]);
  });

  it('also does when resume prepends something to it', async () => {
    const { error } = await chat(from(rows()), (last, request$) => concat(of({ n: last.n! + 1000 }), request$));
    expect(error?.details).to.equal('broken');
  });

  it('continues with what can be read again', async () => {
    const { error, last } = await chat(pull(rows), ({ n }, request$) => request$.pipe(skip(n! + 1)));
    expect([error, last]).to.deep.equal([undefined, COUNT - 1]);
  });

  it('accepts any other Observable from resume, even one shorter than what was taken before', async () => {
    const { error, last, attempts } = await chat(from(rows()), () => of({ n: 7 }));
    expect([error, last, attempts]).to.deep.equal([undefined, 7, 2]);
  });

  it('still ends with an error of request$ itself', async () => {
    const mine = new Error('mine');
    const error = await errorOf(
      call(
        server(() => of(1)).rpc,
        { resume: (_, r$) => r$ },
        {},
        throwError(() => mine),
      ),
    );
    expect(error).to.equal(mine);
  });
});
