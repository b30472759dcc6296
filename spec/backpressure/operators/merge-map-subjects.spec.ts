import { expect } from 'chai';
import {
  concat,
  defer,
  groupBy,
  identity,
  map,
  NEVER,
  Observable,
  of,
  range,
  Subject,
  tap,
  toArray,
  windowCount,
} from 'rxjs';
import { OverflowError, pull } from '../../../lib/index.ts';
import { concatAll, concatMap, mergeMap } from '../../../lib/operators.ts';
import { Counted } from '../support/counted.ts';
import { Sink } from '../support/sink.ts';

/** Numbers from a source that can wait; the operator must not pause it forever. */
const pulled$ = (last: number) => pull(new Counted(last));

describe('Paced operators over windows and groups', () => {
  const windows: Record<string, (window$: Observable<number>) => Observable<unknown>> = {
    'concatMap(toArray)': window$ => window$.pipe(toArray()),
    'a paced operator': window$ =>
      window$.pipe(
        concatMap(n => of(n)),
        toArray(),
      ),
    'a hidden subscription': window$ => concat(defer(() => window$)).pipe(toArray()),
  };
  for (const [how, project] of Object.entries(windows)) {
    it(`pass windowCount(3) through: ${how}`, () => {
      const sink = new Sink<unknown>();
      pulled$(7).pipe(windowCount(3), concatMap(project)).subscribe(sink);
      expect(sink.log).to.deep.equal(['next 1,2,3', 'next 4,5,6', 'next 7', 'complete']);
    });
  }

  it('pass windows through concatAll', () => {
    const sink = new Sink<number>();
    pulled$(5).pipe(windowCount(2), concatAll()).subscribe(sink);
    expect(sink.values).to.deep.equal([1, 2, 3, 4, 5]);
    expect(sink.log.at(-1)).to.equal('complete');
  });

  const groups: Record<string, (group$: Observable<number>) => Observable<number>> = {
    'as it is': identity,
    'through an operator': group$ => group$.pipe(map(n => n)),
    'through a paced operator': group$ => group$.pipe(mergeMap(n => of(n), 1)),
    'through a hidden subscription': group$ => concat(defer(() => group$)),
  };
  for (const [how, project] of Object.entries(groups)) {
    it(`pass as many groups through as may run at a time: ${how}`, () => {
      const sink = new Sink<number>();
      pulled$(100)
        .pipe(
          groupBy(n => n % 2),
          mergeMap(project, 2),
        )
        .subscribe(sink);
      expect(sink.values.length).to.equal(100);
      expect(sink.log.at(-1)).to.equal('complete');
    });
  }

  it('are still paced by the sink', () => {
    const source = new Counted();
    pull(source)
      .pipe(
        groupBy(n => n % 2),
        mergeMap(group$ => group$, 2),
      )
      .subscribe(new Sink(3));
    expect(source.asked).to.be.within(3, 4);
  });

  it('return to their limit once the Subject has ended', () => {
    const source = new Counted();
    const gate = new Subject<never>();
    let inners = 0;
    pull(source)
      .pipe(
        tap(n => n === 10 && gate.complete()),
        concatMap(n => {
          inners++;
          return n === 1 ? gate : NEVER;
        }),
      )
      .subscribe();
    expect(source.asked, 'the first ten').to.equal(10);
    expect(inners, 'the second is at work').to.equal(2);
  });
});

describe('The queue behind an inner Observable that comes from a Subject', () => {
  const queue = (values: number) => {
    const sink = new Sink<number>();
    const inner = new Subject<number>();
    pulled$(1 + values)
      .pipe(concatMap(n => (n === 1 ? inner : of(n))))
      .subscribe(sink);
    return { sink, inner };
  };

  it('holds up to 1,024 values', () => {
    const { sink, inner } = queue(1024);
    expect(sink.log).to.deep.equal([]);
    inner.complete();
    expect(sink.values.length).to.equal(1024);
    expect(sink.log.at(-1)).to.equal('complete');
  });

  it('overflows at one value more with an OverflowError that names groups and windows', () => {
    const { sink, inner } = queue(1025);
    expect(sink.failure).to.be.instanceOf(OverflowError);
    expect(sink.failure.message).to.match(/^mergeMap, concatMap: more than 1024 values.*groupBy.*window.*Allow more/s);
    expect(inner.observed).to.equal(false);
  });

  it('is unbounded behind other inner Observables, as in RxJS, when the source cannot wait', () => {
    const sink = new Sink<number>();
    let finish!: () => void;
    const slow$ = new Observable<number>(subscriber => {
      finish = () => subscriber.complete();
    });
    range(1, 5000)
      .pipe(concatMap(n => (n === 1 ? slow$ : of(n))))
      .subscribe(sink);
    expect(sink.log).to.deep.equal([]);
    finish();
    expect(sink.values.length).to.equal(4999);
  });
});
