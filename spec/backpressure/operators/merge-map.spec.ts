import { expect } from 'chai';
import { concat, EMPTY, NEVER, Observable, of, Subject, throwError } from 'rxjs';
import { mergeMap } from '../../../lib/operators.ts';
import { Sink } from '../support/sink.ts';

describe('mergeMap', () => {
  it('passes project the value and its index, which restarts with each subscription', () => {
    const calls: unknown[] = [];
    const x$ = of('a', 'b').pipe(
      mergeMap((...args) => {
        calls.push(args);
        return EMPTY;
      }),
    );
    x$.subscribe();
    x$.subscribe();
    const once = [
      ['a', 0],
      ['b', 1],
    ];
    expect(calls).to.deep.equal([...once, ...once]);
  });

  it('accepts a resultSelector, with or without a limit', () => {
    const select = (outer: string, inner: number, i: number, j: number) => `${outer}${inner}${i}${j}`;
    const log = (x$: Observable<string>) => {
      const sink = new Sink<string>();
      x$.subscribe(sink);
      return sink.log;
    };
    const expected = ['next a500', 'next a601', 'next b510', 'next b611', 'complete'];
    expect(log(of('a', 'b').pipe(mergeMap(() => [5, 6], select)))).to.deep.equal(expected);
    expect(log(of('a', 'b').pipe(mergeMap(() => of(5, 6), select, 1)))).to.deep.equal(expected);
  });

  it('accepts the limit at either position of the argument', () => {
    const started: number[] = [];
    const start = (n: number) => {
      started.push(n);
      return NEVER;
    };
    of(1, 2, 3).pipe(mergeMap(start, 2)).subscribe();
    of(4, 5, 6)
      .pipe(mergeMap(start, undefined, 2))
      .subscribe();
    of(7, 8, 9).pipe(mergeMap(start)).subscribe();
    expect(started).to.deep.equal([1, 2, 4, 5, 7, 8, 9]);
  });

  for (const concurrent of [0, -1, Number.NaN]) {
    it(`refuses a concurrency of ${concurrent} at once`, () => {
      expect(() => mergeMap(() => EMPTY, concurrent)).to.throw(RangeError, `1 or more, got ${concurrent}`);
    });
  }

  it('accepts promises, iterables, generators and async iterables', async () => {
    const sink = new Sink<unknown>();
    const inners = [
      () => Promise.resolve('promise'),
      () => ['array'],
      () => new Set(['set']),
      () => 'str',
      function* () {
        yield 'generator';
      },
      async function* () {
        yield 'async generator';
      },
    ];
    of(...inners)
      .pipe(mergeMap((open): any => open(), 1))
      .subscribe(sink);
    await sink.ended;
    const values = ['promise', 'array', 'set', 's', 't', 'r', 'generator', 'async generator'];
    expect(sink.log).to.deep.equal([...values.map(value => `next ${value}`), 'complete']);
  });

  it('passes on an error of project, a rejection, an inner error, and an invalid input', async () => {
    const mine = new Error('mine');
    const projects: (() => any)[] = [
      () => {
        throw mine;
      },
      () => Promise.reject(mine),
      () => throwError(() => mine),
    ];
    for (const project of projects) {
      const sink = new Sink<any>();
      const source = new Subject<number>();
      source.pipe(mergeMap(project)).subscribe(sink);
      source.next(1);
      await sink.ended;
      expect(sink.failure).to.equal(mine);
      expect(source.observed).to.equal(false);
    }
    const sink = new Sink<any>();
    of(1)
      .pipe(mergeMap((): any => undefined))
      .subscribe(sink);
    expect(sink.failure).to.be.instanceOf(TypeError);
  });

  it('passes on an error of project for a value that was queued', () => {
    const first = new Subject<never>();
    const sink = new Sink<never>();
    of(1, 2)
      .pipe(
        mergeMap(n => {
          if (n === 2) throw 'mine';
          return first;
        }, 1),
      )
      .subscribe(sink);
    first.complete();
    expect(sink.log).to.deep.equal(['error mine']);
  });

  it('subscribes to the next inner Observable only after the teardown of the previous one', () => {
    const log: string[] = [];
    const subscribers: { complete(): void }[] = [];
    const inner = (n: number) =>
      new Observable<never>(subscriber => {
        log.push(`subscribe ${n}`);
        subscribers.push(subscriber);
        return () => log.push(`teardown ${n}`);
      });
    of(1, 2).pipe(mergeMap(inner, 1)).subscribe();
    subscribers[0]!.complete();
    expect(log).to.deep.equal(['subscribe 1', 'teardown 1', 'subscribe 2']);
  });

  it('unsubscribes all inner Observables and the source on unsubscribe, and starts no queued ones', () => {
    const source = new Subject<Subject<never>>();
    const inners = [1, 2, 3].map(() => new Subject<never>());
    const subscription = source.pipe(mergeMap(inner => inner, 2)).subscribe();
    for (const inner of inners) source.next(inner);
    expect(inners.map(({ observed }) => observed)).to.deep.equal([true, true, false]);
    subscription.unsubscribe();
    expect([source, ...inners].map(({ observed }) => observed)).to.deep.equal([false, false, false, false]);
  });

  it('keeps the order of values that project makes the source emit', () => {
    const source = new Subject<number>();
    const sink = new Sink<number>();
    source
      .pipe(
        mergeMap(n => {
          if (n === 1) source.next(2);
          return [n];
        }, 1),
      )
      .subscribe(sink);
    source.next(1);
    expect(sink.values).to.deep.equal([1, 2]);
  });

  it('ends without an error when project unsubscribes', () => {
    const source = new Subject<number>();
    const sink = new Sink<number>();
    const subscription = source
      .pipe(
        mergeMap(n => {
          subscription.unsubscribe();
          return [n];
        }),
      )
      .subscribe(sink);
    source.next(1);
    expect(sink.log).to.deep.equal([]);
  });

  it('starts no queued values once it is closed, however many have just ended', () => {
    const started: string[] = [];
    const [a, b] = [new Subject<string>(), new Subject<string>()];
    const inners: Record<string, Observable<string>> = { a, b, c: concat(of('c'), NEVER), d: of('d') };
    const subscription = of('a', 'b', 'c', 'd')
      .pipe(
        mergeMap(name => {
          started.push(name);
          return inners[name]!;
        }, 2),
      )
      .subscribe(() => {
        b.complete();
        subscription.unsubscribe();
      });
    a.complete();
    expect(started).to.deep.equal(['a', 'b', 'c']);
  });

  it('does not grow the stack over many queued values', () => {
    const waited = new Sink<number>();
    let finish!: () => void;
    const slow$ = new Observable<number>(subscriber => {
      finish = () => subscriber.complete();
    });
    of(slow$, ...Array.from({ length: 50_000 }, (_, i) => of(i)))
      .pipe(mergeMap(inner$ => inner$, 1))
      .subscribe(waited);
    finish();
    expect(waited.values.length).to.equal(50_000);
  });
});
