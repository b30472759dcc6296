import { expect } from 'chai';
import fc from 'fast-check';
import { RingQueue } from '../../lib/backpressure/ring-queue.ts';

describe('RingQueue', () => {
  it('behaves like an array with push and shift', () => {
    const step = fc.oneof(fc.integer({ min: 1, max: 3000 }), fc.integer({ min: -3000, max: -1 }), fc.constant(0));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 12 }), steps => {
        const fifo = new RingQueue<number>();
        const model: number[] = [];
        let pushed = 0;
        for (const count of steps) {
          for (let i = 0; i < count; i++) {
            fifo.push(++pushed);
            model.push(pushed);
          }
          const given = Array.from({ length: Math.max(0, -count) }, () => fifo.shift());
          expect(given.filter(item => item !== undefined)).to.deep.equal(model.splice(0, given.length));
          if (count === 0) {
            fifo.clear();
            model.length = 0;
          }
          expect(fifo.size).to.equal(model.length);
        }
      }),
      { numRuns: 100 },
    );
  });

  it('returns undefined when it is empty, and keeps an undefined that was pushed', () => {
    const fifo = new RingQueue<undefined>();
    expect(fifo.shift()).to.equal(undefined);
    fifo.push(undefined);
    expect(fifo.size).to.equal(1);
    fifo.shift();
    expect(fifo.size).to.equal(0);
  });
});
