import { AsyncLocalStorage } from 'node:async_hooks';
import { expect } from 'chai';
import { asapScheduler, map, Observable, type OperatorFunction, Subject, tap } from 'rxjs';
import { inOwnContext } from '../../lib/backpressure/in-own-context.ts';
import { bindContext, bindKnownContext, captureContext, outsideContext } from '../../lib/core/async-context.ts';
import { pull } from '../../lib/index.ts';
import { concatMap, delay, mergeMap, observeOn, onBackpressureBuffer, share, zipWith } from '../../lib/operators.ts';
import { Sink } from '../backpressure/support/sink.ts';

const storage = new AsyncLocalStorage<string>();
const seen = () => storage.getStore();

/** Makes the library bind contexts: before any store is in use, it skips that. */
const noteThatItIsUsed = () => storage.run('anything', () => captureContext());

describe('bindContext', () => {
  beforeEach(noteThatItIsUsed);

  for (const bind of [bindContext, bindKnownContext]) {
    it(`runs a function in the context in which it was bound (${bind.name})`, () => {
      const seenBy: unknown[] = [];
      const bound = storage.run('a', () => bind((x: number, y: number) => seenBy.push([seen(), x, y])));
      storage.run('b', () => bound(1, 2));
      bound(3, 4);
      expect(seenBy).to.deep.equal([
        ['a', 1, 2],
        ['a', 3, 4],
      ]);
    });

    it(`isolates a function bound without a store from the stores of others (${bind.name})`, () => {
      const seenBy: unknown[] = [];
      const bound = bind(() => seenBy.push(seen()));
      storage.run('b', bound);
      expect(seenBy).to.deep.equal([undefined]);
    });
  }

  it('passes exceptions on, and restores the context', () => {
    const failing = storage.run('a', () =>
      bindContext(() => {
        throw new Error('no');
      }),
    );
    storage.run('b', () => {
      expect(failing).to.throw('no');
      expect(seen()).to.equal('b');
    });
  });

  it('has one counterpart that captures a context, and one that leaves it', () => {
    const inA = storage.run('a', captureContext)!;
    expect(storage.run('b', () => inA(() => seen()))).to.equal('a');
    expect(storage.run('b', () => outsideContext(() => seen()))).to.equal(undefined);
  });
});

describe('inOwnContext', () => {
  beforeEach(noteThatItIsUsed);

  it("delivers a Subject's values to each subscriber in its own context", () => {
    for (const end of ['complete', 'error'] as const) {
      const subject = new Subject<number>();
      const heard: unknown[] = [];
      for (const id of ['a', undefined, 'b']) {
        const look = () => heard.push([id, seen()]);
        const subscribe = () => inOwnContext(subject).subscribe({ next: look, [end]: look });
        if (id === undefined) subscribe();
        else storage.run(id, subscribe);
      }
      storage.run('who emits', () => {
        subject.next(1);
        subject[end](0 as never);
      });
      const own = [
        ['a', 'a'],
        [undefined, undefined],
        ['b', 'b'],
      ];
      expect(heard).to.deep.equal([...own, ...own]);
    }
  });
});

describe('Work that continues after a wait', () => {
  beforeEach(noteThatItIsUsed);

  /** Each with a source that can wait or cannot, whose values arrive after they were requested or emitted. */
  const sources: Record<string, () => Observable<number>> = {
    pull: () => pull([1, 2, 3]),
    'an async iterable': () =>
      pull(
        (async function* () {
          yield* [1, 2, 3];
        })(),
      ),
  };
  const operators: Record<string, OperatorFunction<number, number>> = {
    map: map(x => x),
    'mergeMap of rows': mergeMap(x => [x]),
    'concatMap of promises': concatMap(async x => x),
    delay: delay(1),
    observeOn: observeOn(asapScheduler),
    share: share(),
    'share with maxLag': share({ maxLag: 3 }),
    onBackpressureBuffer: onBackpressureBuffer<number>(3),
    zipWith: source =>
      source.pipe(
        zipWith(pull([1, 2, 3])),
        map(([x]) => x),
      ) as Observable<number>,
  };
  for (const [from, source] of Object.entries(sources)) {
    for (const [name, operator] of Object.entries(operators)) {
      it(`runs in the context of the subscription, whoever makes room: ${from}, ${name}`, async () => {
        const wrong: unknown[] = [];
        const subscribe = (id: string | undefined) => {
          const sink = new Sink<number>(0);
          const look = () => seen() !== id && wrong.push([id, seen()]);
          source()
            .pipe(operator, tap({ next: look, complete: look }))
            .subscribe(sink);
          return sink;
        };
        const sinks = [storage.run('a', subscribe, 'a'), subscribe(undefined), storage.run('b', subscribe, 'b')];
        for (let values = 1; values <= 4; values++) {
          for (const sink of sinks) storage.run('who makes room', () => sink.admit(1));
          await Promise.all(sinks.map(sink => sink.has(Math.min(values, 3))));
        }
        await Promise.all(sinks.map(({ ended }) => ended));
        for (const { values } of sinks) expect(values).to.deep.equal([1, 2, 3]);
        expect(wrong).to.deep.equal([]);
      });
    }
  }

  it('calls the function of mergeMap in the context of the subscription, whoever ends the previous value', () => {
    const called: unknown[] = [];
    const inners: Subject<number>[] = [];
    const source$ = new Subject<number>();
    const work = (n: number) => {
      called.push([n, seen()]);
      inners.push(new Subject());
      return new Observable<number>(output => inners[n]!.subscribe(output));
    };
    storage.run('a', () => source$.pipe(concatMap(work)).subscribe());
    storage.run('a', () => {
      for (const n of [0, 1, 2]) source$.next(n);
    });
    storage.run('a pool', () => inners[0]!.complete());
    inners[1]!.complete();
    expect(called).to.deep.equal([
      [0, 'a'],
      [1, 'a'],
      [2, 'a'],
    ]);
  });

  it("runs for each subscriber of a shared source in its own context, and for the source in the first one's", () => {
    const asked: unknown[] = [];
    const source$ = pull(
      (function* () {
        for (let n = 1; n <= 3; n++) {
          asked.push(seen());
          yield n;
        }
      })(),
    ).pipe(share());
    const wrong: unknown[] = [];
    const sinks = ['a', undefined, 'b'].map(id => {
      const sink = new Sink<number>(0);
      const read = () => source$.pipe(tap(() => seen() !== id && wrong.push([id, seen()]))).subscribe(sink);
      if (id === undefined) read();
      else storage.run(id, read);
      return sink;
    });
    for (let n = 1; n <= 4; n++) for (const sink of sinks) storage.run('who makes room', () => sink.admit(1));
    for (const { values } of sinks) expect(values).to.deep.equal([1, 2, 3]);
    expect([wrong, asked]).to.deep.equal([[], ['a', 'a', 'a']]);
  });
});
