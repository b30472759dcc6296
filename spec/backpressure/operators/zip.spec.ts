import { expect } from 'chai';
import * as rx from 'rxjs';
import { pull } from '../../../lib/index.ts';
import { zip, zipWith } from '../../../lib/operators.ts';
import { Counted } from '../support/counted.ts';
import { Sink } from '../support/sink.ts';

describe('zip', () => {
  it('requests at most one value more from each source than it has emitted', () => {
    const quick = new Counted();
    const slow$ = new rx.Subject<string>();
    const sink = new Sink<unknown>();
    zip(pull(quick), slow$).subscribe(sink);
    expect(quick.asked).to.equal(1);
    slow$.next('a');
    slow$.next('b');
    expect(sink.values).to.deep.equal([
      [1, 'a'],
      [2, 'b'],
    ]);
    expect(quick.asked).to.equal(3);
  });

  it('requests nothing while the stages below are full', () => {
    const [one, other] = [new Counted(), new Counted()];
    const sink = new Sink<unknown>(3);
    pull(one)
      .pipe(zipWith(pull(other)))
      .subscribe(sink);
    expect([one.asked, other.asked]).to.deep.equal([3, 3]);
    sink.admit(2);
    expect(sink.values).to.have.length(5);
  });

  it('accepts arrays, promises and iterables, and a function of the values', async () => {
    const sum$ = zip([1, 2, 3], Promise.resolve(10), (a: number, b: number) => a + b);
    expect(await rx.lastValueFrom(sum$.pipe(rx.toArray()))).to.deep.equal([11]);
    expect(await rx.lastValueFrom(zip([rx.of(1), rx.of(2)]).pipe(rx.toArray()))).to.deep.equal([[1, 2]]);
  });

  it('ends, fails and unsubscribes like that of RxJS', () => {
    type Zip = typeof rx.zip;
    const runs: ((zip: Zip) => rx.Observable<unknown>)[] = [
      z => z(),
      z => z([]),
      z => z(rx.of(1, 2), rx.of('a')),
      z => z(rx.of(1), rx.of('a', 'b')),
      z => z(rx.EMPTY, rx.NEVER),
      z =>
        z(
          rx.of(1, 2),
          rx.throwError(() => 'no'),
        ),
      z =>
        z(
          rx.concat(
            rx.of(1),
            rx.throwError(() => 'late'),
          ),
          rx.of('a', 'b'),
        ),
      z => z(rx.of(1, 2, 3), rx.of('a', 'b', 'c')).pipe(rx.take(2)),
      z =>
        z(rx.of(1), rx.of(2), (a: number, b: number): number => {
          throw new Error(`select ${a} ${b}`);
        }),
    ];
    for (const run of runs) {
      const [ours, theirs] = [new Sink<unknown>(), new Sink<unknown>()];
      run(zip).subscribe(ours);
      run(rx.zip).subscribe(theirs);
      expect(ours.log, String(run)).to.deep.equal(theirs.log);
    }
  });

  it('unsubscribes all sources when one has ended it', () => {
    const source = new Counted();
    zip(pull(source), rx.of('a')).subscribe();
    expect(source.returned).to.equal(1);
  });
});
