import { expect } from 'chai';
import * as rx from 'rxjs';
import { pull } from '../../../lib/index.ts';
import { mergeScan } from '../../../lib/operators.ts';
import { Counted } from '../support/counted.ts';
import { Sink } from '../support/sink.ts';

describe('mergeScan', () => {
  it('accumulates like that of RxJS', () => {
    const add = (sum: number, n: number, i: number) => rx.of(sum + n, i);
    for (const concurrent of [1, 2, Number.POSITIVE_INFINITY]) {
      const [ours, theirs] = [new Sink<number>(), new Sink<number>()];
      rx.range(1, 5)
        .pipe(mergeScan(add, 10, concurrent))
        .subscribe(ours);
      rx.range(1, 5)
        .pipe(rx.mergeScan(add, 10, concurrent))
        .subscribe(theirs);
      expect(ours.log).to.deep.equal(theirs.log);
    }
  });

  it('starts from its seed for each subscription', () => {
    const sum$ = rx.of(1, 2).pipe(mergeScan((sum, n) => [sum + n], 0));
    for (let run = 0; run < 2; run++) {
      const sink = new Sink<number>();
      sum$.subscribe(sink);
      expect(sink.values).to.deep.equal([1, 3]);
    }
  });

  it('requests values only while fewer than concurrent are running', () => {
    const source = new Counted();
    pull(source)
      .pipe(mergeScan(() => rx.NEVER, 0, 2))
      .subscribe(new Sink());
    expect(source.asked).to.equal(2);
  });
});
