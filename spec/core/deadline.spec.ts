import { expect } from 'chai';
import { asyncScheduler } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { isPast, startDeadline } from '../../lib/core/deadline.ts';

describe('startDeadline', () => {
  it('calls back at the deadline, and not after an undo', async () => {
    const told: string[] = [];
    const soon = new Date(Date.now() + 5);
    startDeadline(soon, () => told.push('undone'))();
    const keepAlive = setInterval(() => {}, 1000); // Node's timers do not
    await new Promise<void>(resolve => startDeadline(soon, resolve));
    clearInterval(keepAlive);
    expect(told).to.deep.equal([]);
  });

  it('does nothing without a deadline', () => {
    startDeadline(undefined, () => {
      throw new Error('called');
    })();
  });

  const DAY_MS = 24 * 60 * 60 * 1000;
  for (const days of [1, 24, 25, 49, 50, 75, 400]) {
    it(`calls back once at a deadline that is ${days} days away`, () => {
      const told: number[] = [];
      new TestScheduler(() => {}).run(({ flush }) => {
        startDeadline(new Date(days * DAY_MS), () => told.push(asyncScheduler.now()));
        flush();
      });
      expect(told).to.deep.equal([days * DAY_MS]);
    });

    it(`does not call back after an undo, ${days - 1} of ${days} days later`, () => {
      const told: number[] = [];
      new TestScheduler(() => {}).run(({ flush }) => {
        const stop = startDeadline(new Date(days * DAY_MS), () => told.push(asyncScheduler.now()));
        startDeadline(new Date((days - 1) * DAY_MS), stop);
        flush();
      });
      expect(told).to.deep.equal([]);
    });
  }
});

describe('isPast', () => {
  it('accepts less than 10 ms in the future, because clocks differ', () => {
    expect(
      [undefined, 0, Date.now() + 5, Date.now() + 1000].map(at => isPast(at === undefined ? at : new Date(at))),
    ).to.deep.equal([false, true, true, false]);
  });
});
