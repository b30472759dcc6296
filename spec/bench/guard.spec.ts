import { expect } from 'chai';
import { counted } from '../../bench/guard/counted.ts';
import { type Counts, countedShapes } from '../../bench/guard/counts.ts';
import { grown, limitsOf } from '../../bench/guard/limits.ts';

const PATIENCE_MS = 120_000;

describe('bench/guard', () => {
  for (const shape of countedShapes) {
    it(`measures no more turns, frames and heap per message of ${shape} than the recorded limits`, async function () {
      this.timeout(PATIENCE_MS);
      const overLimit = async () => grown(await counted(shape, PATIENCE_MS), limitsOf(shape));
      // Counted again before it fails: once in a while, a process on Node 26 allocates twice the heap of all others.
      const over = await overLimit();
      expect(over.length > 0 ? await overLimit() : over, shape).to.deep.equal([]);
    });
  }

  it('names each count above its limit, and none at its limit', () => {
    const limits = limitsOf('bidi');
    const [name] = Object.keys(limits) as [keyof Counts];
    expect(grown(limits, limits)).to.deep.equal([]);
    expect(grown({ ...limits, [name]: limits[name] + 1 }, limits)).to.deep.equal([
      `${name}: ${limits[name] + 1}, at most ${limits[name]}`,
    ]);
    expect(grown({ ...limits, [name]: Number.NaN }, limits), 'of what was not counted').to.have.length(1);
  });
});
