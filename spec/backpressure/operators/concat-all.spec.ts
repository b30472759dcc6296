import { expect } from 'chai';
import { of, toArray } from 'rxjs';
import { pull } from '../../../lib/index.ts';
import { concatAll } from '../../../lib/operators.ts';
import { Counted } from '../support/counted.ts';
import { Sink } from '../support/sink.ts';

describe('concatAll', () => {
  it('subscribes to one inner input after another', async () => {
    const sink = new Sink<number[]>();
    of(Promise.resolve(1), [2, 3], of(4)).pipe(concatAll(), toArray()).subscribe(sink);
    await sink.ended;
    expect(sink.values).to.deep.equal([[1, 2, 3, 4]]);
  });

  it('spreads arrays as the sink has room, and requests the next after that', () => {
    const source = new Counted();
    const sink = new Sink<number>(3);
    const batches = function* () {
      for (const n of source) yield [n, n];
    };
    pull(batches).pipe(concatAll()).subscribe(sink);
    expect(sink.values).to.deep.equal([1, 1, 2]);
    expect(source.asked).to.equal(2);
    sink.admit(2);
    expect(sink.values).to.deep.equal([1, 1, 2, 2, 3]);
    expect(source.asked).to.equal(3);
  });
});
