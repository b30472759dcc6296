import { expect } from 'chai';
import { isPast, startDeadline } from '../lib/deadline.ts';

describe('startDeadline', () => {
  it('calls back at the deadline, and not after its undo', async () => {
    const told: string[] = [];
    const soon = new Date(Date.now() + 5);
    startDeadline(soon, () => told.push('undone'))();
    const keepAlive = setInterval(() => {}, 1000); // the timers themselves do not
    await new Promise<void>(resolve => startDeadline(soon, resolve));
    clearInterval(keepAlive);
    expect(told).to.deep.equal([]);
  });

  it('does nothing without a deadline, or with one that no timer reaches', () => {
    const fail = () => {
      throw new Error('called');
    };
    startDeadline(undefined, fail)();
    startDeadline(new Date(8.64e15), fail)();
  });
});

describe('isPast', () => {
  it('takes what is less than 10 ms away for past, by clocks that differ', () => {
    expect(
      [undefined, 0, Date.now() + 5, Date.now() + 1000].map(at => isPast(at === undefined ? at : new Date(at))),
    ).to.deep.equal([false, true, true, false]);
  });
});
