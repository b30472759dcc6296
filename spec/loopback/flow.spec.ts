import { mock } from 'node:test';
import { expect } from 'chai';
import { count as counted, lastValueFrom, map, NEVER, Observable, of, take, takeUntil, tap, timer } from 'rxjs';
import { Code, implement, type LoopbackOptions, loopback, pull, RpcError, toAsyncIterable } from '../../lib/index.ts';
import { inAllShapes, type LabClient, type LabHandler, type LabImplementation } from '../support/bench.ts';
import { deferred } from '../support/deferred.ts';
import { Lab, type Note } from '../support/lab.ts';
import { errorOf, record, rejectionOf } from '../support/record.ts';
import { settled } from '../support/settled.ts';

const over = (implementation: LabImplementation, options?: LoopbackOptions<typeof Lab>): LabClient =>
  loopback(implement.partial(Lab, implementation), options);
const echo: LabHandler = request$ => request$;

/** An endless, synchronous, paced source. */
const endless$ = (asked = () => {}): Observable<Note> =>
  pull(function* () {
    for (let n = 0; ; n++) {
      asked();
      yield { n };
    }
  });

for (const serialize of [true, false]) {
  describe(`A loopback ${serialize ? 'with' : 'without'} serialization`, () => {
    const make = (implementation: LabImplementation) => over(implementation, { serialize });

    it('lets timers run during an endless download whose reader takes everything', async () => {
      const download$ = make({ serverStream: () => endless$() }).serverStream({ n: 1 });
      expect(await lastValueFrom(download$.pipe(takeUntil(timer(20)), counted()))).to.be.above(28);
    });

    it('lets timers run during an endless upload whose reader takes everything', async () => {
      const client = make({
        clientStream: request$ =>
          request$.pipe(
            counted(),
            map(n => ({ n })),
            takeUntil(timer(20)),
          ),
      });
      expect(await errorOf(client.clientStream(endless$()))).to.include({ code: Code.UNIMPLEMENTED }); // no response
    });

    it('answers another call meanwhile', async () => {
      const client = make({ bidi: echo, unary: echo });
      const endless = client.bidi(endless$()).subscribe();
      for (let n = 0; n < 100; n++) expect(await lastValueFrom(client.unary({ n }))).to.deep.equal({ n });
      expect(endless.closed).to.equal(false);
      endless.unsubscribe();
    });

    it('unsubscribes an endless upload when its call has ended, and requests little from it in vain', async () => {
      let asked = 0;
      const client = make({
        clientStream: request$ => request$.pipe(take(10), tap({ complete: () => (asked = 0) })).pipe(lastOf),
      });
      expect(await lastValueFrom(client.clientStream(endless$(() => asked++)))).to.deep.equal({ n: 9 });
      expect(await settled(() => asked)).to.be.below(100);
    });

    it('continues an upload whose call has ended, while its reader has not taken the responses', async () => {
      let asked = 0;
      const ended = deferred();
      const client = make({
        bidi: () =>
          pull(function* () {
            for (let n = 0; n < 28; n++) yield { n };
            ended.resolve();
          }),
      });
      const reader = toAsyncIterable(client.bidi(endless$(() => asked++)))[Symbol.asyncIterator]();
      await reader.next();
      await ended.promise;
      const before = asked;
      for (let turn = 0; turn < 100; turn++) await new Promise(setImmediate);
      expect(asked).to.be.above(before + 100);
      for (let n = 1; n < 28; n++) expect((await reader.next()).value.n).to.equal(n);
      expect((await reader.next()).done).to.equal(true);
      const after = asked;
      expect(await settled(() => asked)).to.equal(after);
    });

    for (const count of [0, 1, 100]) {
      it(`delivers all ${count} requests and their end to a handler that subscribes late`, async () => {
        const kept = deferred<Observable<Note>>();
        const client = make({
          clientStream: request$ => {
            kept.resolve(request$);
            return NEVER;
          },
        });
        const requests = Array.from({ length: count }, (_, n) => ({ n }));
        const { subscription } = record(client.clientStream(pull(requests)));
        const request$ = await kept.promise;
        for (let turn = 0; turn < 10; turn++) await new Promise(setImmediate);
        const late = record(request$);
        expect(await late.ending).to.deep.equal({});
        expect(late.values).to.deep.equal(requests);
        subscription.unsubscribe();
      });
    }

    it('carries 1,000,000 messages without growing the stack, while timers run', async () => {
      const COUNT = 1_000_000;
      const depths = new Set<number>();
      const { stackTraceLimit } = Error;
      const depth = () => {
        Error.stackTraceLimit = Number.POSITIVE_INFINITY;
        const { length } = new Error('depth').stack!.split('\n');
        Error.stackTraceLimit = stackTraceLimit;
        return length;
      };
      const client = make({
        serverStream: () =>
          pull(function* () {
            for (let n = 0; n < COUNT; n++) yield { n };
          }),
      });
      let ticks = 0;
      const ticking = setInterval(() => ticks++, 1);
      let expected = 0;
      await lastValueFrom(
        client.serverStream({ n: 1 }).pipe(
          tap(({ n }) => {
            if (n !== expected++) throw new Error(`expected ${expected - 1}, got ${n}`);
            if (n % 10_000 === 0) depths.add(depth());
          }),
        ),
      );
      clearInterval(ticking);
      expect(expected).to.equal(COUNT);
      expect(Math.max(...depths)).to.be.below(100);
      expect(ticks).to.be.above(20);
    });

    it('answers 3,000 calls at once', async () => {
      const client = make(inAllShapes(echo));
      const answers = await Promise.all(
        Array.from({ length: 3000 }, (_, n) =>
          lastValueFrom(n % 2 === 0 ? client.unary({ n }) : client.bidi(of({ n }))),
        ),
      );
      expect(answers.map(({ n }) => n)).to.deep.equal([...Array(3000).keys()]);
    });
  });
}

describe('A source whose reader stops, in process', () => {
  // 16 held, 12 in flight, one being delivered; the reader has one.
  const MAX_AHEAD = 29;

  for (const serialize of [true, false]) {
    it(`runs ahead by at most 29 messages, however small: ${serialize ? 'serialized' : 'not serialized'}`, async () => {
      let asked = 0;
      const client = over({ serverStream: () => endless$(() => asked++) }, { serialize });
      const reader = toAsyncIterable(client.serverStream({ n: 1 }))[Symbol.asyncIterator]();
      for (let n = 0; n < 50; n++) await reader.next();
      expect(await settled(() => asked)).to.be.within(50 + 16, 50 + MAX_AHEAD);
      await reader.return?.();
    });

    it(`runs ahead by two more hops through a proxy: ${serialize ? 'serialized' : 'not serialized'}`, async () => {
      let asked = 0;
      const far = over({ bidi: echo }, { serialize });
      const near = loopback(implement.partial(Lab, far), { serialize });
      const reader = toAsyncIterable(near.bidi(endless$(() => asked++)))[Symbol.asyncIterator]();
      for (let n = 0; n < 50; n++) await reader.next();
      expect(await settled(() => asked)).to.be.within(50 + 4 * 16, 50 + 4 * MAX_AHEAD);
      await reader.return?.();
    });
  }
});

describe('An error, in process', () => {
  it('arrives after all responses before it, also at a reader that has stopped', async () => {
    const failed = deferred();
    const client = over({
      serverStream: () =>
        pull(function* () {
          for (let n = 0; n < 28; n++) yield { n };
          failed.resolve();
          throw new RpcError(Code.ABORTED, 'x');
        }),
    });
    const reader = toAsyncIterable(client.serverStream({ n: 1 }))[Symbol.asyncIterator]();
    await reader.next();
    await failed.promise;
    for (let turn = 0; turn < 10; turn++) await new Promise(setImmediate);
    for (let n = 1; n < 28; n++) expect((await reader.next()).value.n).to.equal(n);
    expect(await rejectionOf(reader.next())).to.include({ code: Code.ABORTED });
  });
});

describe('Fake timers', () => {
  afterEach(() => mock.timers.reset());

  it('delay no call, and control its deadline', async () => {
    mock.timers.enable({ apis: ['setImmediate', 'setInterval', 'setTimeout', 'Date'], now: 0 });
    const client = over({ unary: echo, bidi: () => NEVER });
    for (let n = 0; n < 200; n++) expect(await lastValueFrom(client.unary({ n }))).to.deep.equal({ n });
    const { ending } = record(client.bidi(NEVER, { timeoutMs: 60_000 }));
    mock.timers.tick(59_999);
    let hasEnded = false;
    void ending.then(() => (hasEnded = true));
    for (let n = 0; n < 5; n++) await lastValueFrom(client.unary({ n }));
    expect(hasEnded).to.equal(false);
    mock.timers.tick(1);
    expect((await ending).error).to.include({ code: Code.DEADLINE_EXCEEDED });
  });
});

const lastOf = (source$: Observable<Note>): Observable<Note> =>
  new Observable(output => {
    let last: Note | undefined;
    return source$.subscribe({
      next: value => {
        last = value;
      },
      error: error => output.error(error),
      complete: () => {
        output.next(last!);
        output.complete();
      },
    });
  });
