import { expect } from 'chai';
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
  share,
  take,
  windowCount,
} from 'rxjs';
import { comesFromSubject, type Demand, demand, demandsBelow } from '../../lib/backpressure/demand.ts';
import { concatMap, mergeMap, operator } from '../../lib/operators.ts';

const full: Demand = { ready: false, onReady: () => () => {} };

/** What a source sees when it is subscribed to through some operators. */
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

  it('finds every Demand on the way, the nearest first', () => {
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

  it('ends at a hand-written Observable, and goes on through operator()', () => {
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

  it('knows a Subject, and what is made of one', () => {
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

  it('knows a group and a window, and what is made of them', () => {
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

  it('knows them behind operators of ours', () => {
    const subject = new Subject<number>();
    tells(subject.pipe(concatMap(() => EMPTY)), true);
    tells(subject.pipe(operator(() => ({ next: () => {} }))), true);
  });

  it('takes nothing else for one', () => {
    tells(of(1), false);
    tells(of(1).pipe(map(x => x)), false);
    tells(undefined, false);
  });
});
