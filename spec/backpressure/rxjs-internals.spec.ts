import { readdirSync, readFileSync } from 'node:fs';
import { expect } from 'chai';
import * as rx from 'rxjs';
import {
  EMPTY,
  filter,
  groupBy,
  map,
  Observable,
  type Observer,
  of,
  Subject,
  Subscriber,
  type Subscription,
  share,
  take,
  windowCount,
} from 'rxjs';
import {
  comesFromSubject,
  countOperatorsBelow,
  ignoreFurther,
  someSource,
} from '../../lib/backpressure/rxjs-internals.ts';
import { type Demand, demand, demandsBelow } from '../../lib/index.ts';
import { concatMap, mergeMap, operator } from '../../lib/operators.ts';
import { table, type Way } from './support/rxjs-table.ts';

const full: Demand = { ready: false, onReady: () => () => {} };

describe('The chain of subscribers in the installed rxjs', () => {
  it('has a row in the table for each export', () => {
    const known = new Set(Object.keys(table));
    expect(
      Object.keys(rx).filter(name => !known.has(name)),
      'not in the table',
    ).to.deep.equal([]);
    expect(
      [...known].filter(name => !(name in rx)),
      'no longer exported',
    ).to.deep.equal([]);
  });

  for (const [name, row] of Object.entries(table)) {
    if (row === 'no source') continue;
    const [expected, ...ways] = row;
    it(`is ${expected === 'opaque' ? 'ended' : 'kept'} by ${name}`, () => {
      for (const way of ways) expect(walk(way), String(way)).to.equal(expected);
    });
  }
});

/** Whether a source at this place sees the Demand of the observer. */
function walk(way: Way): string {
  let found = 'the source was not subscribed';
  const x$ = new rx.Observable<any>(subscriber => {
    found = demandsBelow(subscriber).includes(full) ? 'transparent' : 'opaque';
    subscriber.complete();
  });
  const observer: Partial<rx.Observer<any>> = { error: () => {}, [demand]: full } as object;
  way(x$).subscribe(observer).unsubscribe();
  return found;
}

/** The Demands that a source sees when it is subscribed to through some operators. */
function seen(through: (source$: Observable<any>) => Observable<any>, observer: Partial<Observer<any>>): Demand[] {
  let demands: readonly Demand[] = [];
  const source$ = new Observable<any>(subscriber => {
    demands = demandsBelow(subscriber);
  });
  through(source$).subscribe(observer).unsubscribe();
  return [...demands];
}

describe('demandsBelow', () => {
  it('finds nothing below a plain subscribe(fn)', () => {
    expect(seen(x$ => x$.pipe(map(x => x)), {})).to.deep.equal([]);
  });

  it('finds the Demand of an observer, through operators', () => {
    const observer = { next: () => {}, [demand]: full };
    expect(
      seen(
        x$ =>
          x$.pipe(
            map(x => x),
            filter(() => true),
          ),
        observer,
      ),
    ).to.deep.equal([full]);
  });

  it('finds the Demand of a Subscriber of its own kind', () => {
    const subscriber = Object.assign(new Subscriber<any>(), { [demand]: full });
    expect(seen(x$ => x$, subscriber)).to.deep.equal([full]);
  });

  it('finds every Demand in the chain, the nearest first', () => {
    const demands = seen(
      x$ =>
        x$.pipe(
          concatMap(() => EMPTY),
          mergeMap(() => EMPTY),
        ),
      { [demand]: full } as object,
    );
    expect(demands.length).to.equal(3);
    expect(demands[2]).to.equal(full);
  });

  it('ends at a Subject', () => {
    expect(seen(x$ => x$.pipe(share()), { [demand]: full } as object)).to.deep.equal([]);
  });

  it('ends at a hand-written Observable, and continues through operator()', () => {
    const observer = { [demand]: full };
    const byHand = (x$: Observable<any>) => new Observable(output => x$.subscribe(value => output.next(value)));
    expect(seen(byHand, observer as object)).to.deep.equal([]);
    const kept = operator<any>(output => ({ next: value => output.next(value) }));
    expect(seen(kept, observer as object)).to.deep.equal([full]);
  });

  it('ends at an observer, whatever its `destination` is', () => {
    const observer: any = { [demand]: full };
    observer.destination = observer;
    expect(seen(x$ => x$, observer)).to.deep.equal([full]);
  });

  it('ends at a closed subscriber', () => {
    const subscriber = new Subscriber<any>();
    subscriber.unsubscribe();
    expect(demandsBelow(subscriber)).to.deep.equal([]);
  });
});

describe('comesFromSubject', () => {
  const tells = (x$: unknown, expected: boolean) => expect(comesFromSubject(x$)).to.equal(expected);

  it('recognizes a Subject, and Observables derived from one', () => {
    const subject = new Subject<number>();
    tells(subject, true);
    tells(subject.asObservable(), true);
    tells(
      subject.pipe(
        map(x => x),
        take(1),
      ),
      true,
    );
  });

  it('recognizes a group and a window, and Observables derived from them', () => {
    const inners: Observable<number>[] = [];
    of(1)
      .pipe(groupBy(n => n))
      .subscribe(group => inners.push(group));
    of(1)
      .pipe(windowCount(1))
      .subscribe(window => inners.push(window));
    expect(inners.length).to.be.at.least(2);
    for (const inner$ of inners) {
      tells(inner$, true);
      tells(inner$.pipe(map(x => x)), true);
    }
  });

  it('recognizes them behind paced operators', () => {
    const subject = new Subject<number>();
    tells(subject.pipe(concatMap(() => EMPTY)), true);
    tells(subject.pipe(operator(() => ({ next: () => {} }))), true);
  });

  it('recognizes nothing else', () => {
    tells(of(1), false);
    tells(of(1).pipe(map(x => x)), false);
    tells(undefined, false);
  });
});

describe('someSource', () => {
  it('visits an Observable and each one that it is derived from by operators', () => {
    const visited: object[] = [];
    const mapped$ = of(1).pipe(map(x => x));
    const taken$ = mapped$.pipe(take(1));
    const found = someSource(taken$, source$ => {
      visited.push(source$);
      return false;
    });
    expect(found).to.equal(false);
    expect(visited).to.have.lengthOf(3);
    expect(visited.slice(0, 2)).to.deep.equal([taken$, mapped$]);
    expect(someSource(taken$, source$ => source$ === mapped$)).to.equal(true);
  });
});

describe('countOperatorsBelow', () => {
  /** An Observable that counts the operators below it when it is subscribed to. */
  class Counting extends Observable<number> {
    count = -1;

    override subscribe(...observer: any[]): Subscription {
      this.count = countOperatorsBelow(observer[0], 3);
      return super.subscribe(...observer);
    }
  }

  it('counts the operators, up to the maximum', () => {
    for (const operators of [0, 1, 2, 3, 4]) {
      const source$ = new Counting();
      let output$: Observable<number> = source$;
      for (let i = 0; i < operators; i++) output$ = output$.pipe(map(x => x));
      output$.subscribe({ next: () => {} }).unsubscribe();
      expect(source$.count).to.equal(Math.min(operators, 3));
    }
  });

  it('is 0 below a subscription with a function, or without an observer', () => {
    for (const observer of [undefined, () => {}]) expect(countOperatorsBelow(observer, 3)).to.equal(0);
  });
});

describe('ignoreFurther', () => {
  it('makes a subscriber ignore notifications without closing it', () => {
    const seen: unknown[] = [];
    const subscriber = new Subscriber<number>({
      next: (x: unknown) => seen.push(x),
      error: (e: unknown) => seen.push(e),
      complete: () => seen.push('complete'),
    } as any);
    subscriber.next(1);
    ignoreFurther(subscriber);
    subscriber.next(2);
    subscriber.error(new Error('x'));
    subscriber.complete();
    expect(seen).to.deep.equal([1]);
    expect(subscriber.closed).to.equal(false);
    subscriber.add(() => seen.push('teardown'));
    subscriber.unsubscribe();
    expect(seen).to.deep.equal([1, 'teardown']);
  });
});

describe('lib', () => {
  it('reads private parts of rxjs in rxjs-internals.ts only', () => {
    const lib = new URL('../../lib/', import.meta.url);
    const readers = readdirSync(lib, { recursive: true, encoding: 'utf8' })
      .filter(path => path.endsWith('.ts'))
      .filter(path =>
        /\.(destination|isStopped|partialObserver|source)\b(?!\$)/.test(readFileSync(new URL(path, lib), 'utf8')),
      );
    expect(readers).to.deep.equal(['backpressure/rxjs-internals.ts']);
  });
});
