import { expect } from 'chai';
import { MemoryLimit } from '../../lib/backpressure/memory-limit.ts';
import { queueBudget } from '../../lib/index.ts';

describe('MemoryLimit', () => {
  it('grants bytes up to its limit', () => {
    const budget = new MemoryLimit(10);
    expect(budget.take(4)).to.equal(true);
    expect(budget.take(6)).to.equal(true);
    expect(budget.bytes).to.equal(10);
  });

  it('grants no byte more, and does not count what it refused', () => {
    const budget = new MemoryLimit(10);
    budget.take(4);
    expect(budget.take(7)).to.equal(false);
    expect(budget.bytes).to.equal(4);
  });

  it('grants released bytes again', () => {
    const budget = new MemoryLimit(10);
    budget.take(10);
    budget.release(1);
    expect(budget.take(2)).to.equal(false);
    expect(budget.take(1)).to.equal(true);
  });

  it('applies a changed limit to later requests', () => {
    const budget = new MemoryLimit(10);
    budget.take(10);
    budget.maxBytes = 5;
    expect(budget.take(0)).to.equal(false);
    budget.release(5);
    expect(budget.take(0)).to.equal(true);
  });
});

describe('queueBudget', () => {
  it('is 512 MiB, and no byte is in use when nothing waits', () => {
    expect(queueBudget.maxBytes).to.equal(512 * 1024 * 1024);
    expect(queueBudget.bytes).to.equal(0);
  });
});
