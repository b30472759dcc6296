import { expect } from 'chai';
import { NEVER, Observable, of, Subject } from 'rxjs';
import { concatMap } from '../../../lib/operators.ts';
import { Sink } from '../support/sink.ts';

describe('concatMap', () => {
  it('subscribes to one inner Observable after another', () => {
    const sink = new Sink<string>();
    const inners = [new Subject<string>(), new Subject<string>()];
    of(0, 1)
      .pipe(concatMap(n => inners[n]!))
      .subscribe(sink);
    inners[1]!.next('lost');
    inners[0]!.next('a');
    inners[0]!.complete();
    inners[1]!.next('b');
    expect(sink.values).to.deep.equal(['a', 'b']);
  });

  it('accepts a resultSelector', () => {
    const sink = new Sink<string>();
    of('a', 'b')
      .pipe(
        concatMap(
          () => [5, 6],
          (outer, inner, i, j) => `${outer}${inner}${i}${j}`,
        ),
      )
      .subscribe(sink);
    expect(sink.values).to.deep.equal(['a500', 'a601', 'b510', 'b611']);
  });

  it('ignores a concurrency argument', () => {
    let started = 0;
    const inner$ = new Observable<never>(() => {
      started++;
      return NEVER.subscribe();
    });
    of(1, 2, 3)
      .pipe(concatMap(() => inner$, 3 as never))
      .subscribe();
    expect(started).to.equal(1);
  });
});
