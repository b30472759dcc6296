import { expect } from 'chai';
import { NEVER, of } from 'rxjs';
import { pull } from '../../../lib/index.ts';
import { mergeAll } from '../../../lib/operators.ts';
import { Counted } from '../support/counted.ts';
import { Sink } from '../support/sink.ts';

describe('mergeAll', () => {
  it('merges Observables, arrays and promises', async () => {
    const sink = new Sink<number>();
    of(of(1), [2], Promise.resolve(3)).pipe(mergeAll()).subscribe(sink);
    await sink.ended;
    expect(sink.log).to.deep.equal(['next 1', 'next 2', 'next 3', 'complete']);
  });

  it('requests as many inputs from a source that can wait as may run at a time', () => {
    const asked: number[] = [];
    const inners = function* () {
      for (let n = 1; ; n++) {
        asked.push(n);
        yield NEVER;
      }
    };
    pull(inners).pipe(mergeAll(3)).subscribe();
    expect(asked).to.deep.equal([1, 2, 3]);
  });

  it('paces inner iterables by the sink', () => {
    const inner = new Counted();
    of(inner).pipe(mergeAll()).subscribe(new Sink(2));
    expect(inner.asked).to.equal(2);
  });

  it('refuses a concurrency of 0 at once', () => {
    expect(() => mergeAll(0)).to.throw(RangeError);
  });
});
