import { expect } from 'chai';
import { Gate } from '../../lib/backpressure/gate.ts';

describe('Gate', () => {
  let room: number;
  let gate: Gate;
  let woken: string[];

  /** Waits again each time it is woken, the given number of times. */
  const waits = (name: string, times = 1): (() => void) =>
    gate.onReady(() => {
      woken.push(name);
      room--;
      if (times > 1) waits(name, times - 1);
    });

  beforeEach(() => {
    room = 0;
    gate = new Gate(() => room > 0);
    woken = [];
  });

  it('is ready when its stage is', () => {
    expect(gate.ready).to.equal(false);
    room = 1;
    expect(gate.ready).to.equal(true);
  });

  it('wakes waiters in the order in which they came', () => {
    for (const name of ['a', 'b', 'c']) waits(name);
    room = 3;
    gate.wake();
    expect(woken).to.deep.equal(['a', 'b', 'c']);
    expect(gate.waiting).to.equal(0);
  });

  it('stops as soon as the stage is full again, and the other waiters keep their place', () => {
    for (const name of ['a', 'b', 'c']) waits(name);
    room = 2;
    gate.wake();
    expect(woken).to.deep.equal(['a', 'b']);
    waits('d');
    room = 2;
    gate.wake();
    expect(woken).to.deep.equal(['a', 'b', 'c', 'd']);
  });

  it('queues returning waiters after the others', () => {
    waits('a', 3);
    waits('b', 3);
    for (let i = 0; i < 6; i++) {
      room = 1;
      gate.wake();
    }
    expect(woken.join('')).to.equal('ababab');
  });

  it('wakes nobody while the stage is full', () => {
    waits('a');
    gate.wake();
    expect(woken).to.deep.equal([]);
    expect(gate.waiting).to.equal(1);
  });

  it('forgets a waiter that was undone, also while others are being woken', () => {
    const undo: (() => void)[] = [];
    gate.onReady(() => {
      woken.push('a');
      for (const forget of undo) forget();
    });
    undo.push(waits('b'));
    waits('c');
    room = 3;
    gate.wake();
    expect(woken).to.deep.equal(['a', 'c']);
    expect(gate.waiting).to.equal(0);
  });

  it('ignores an undo that comes late, or a second time', () => {
    const undoA = waits('a');
    room = 1;
    gate.wake();
    const undoB = waits('b');
    waits('c');
    undoA();
    expect(gate.waiting).to.equal(2);
    undoB();
    undoB();
    expect(gate.waiting).to.equal(1);
    room = 1;
    gate.wake();
    expect(woken).to.deep.equal(['a', 'c']);
  });

  it('can be woken by a waiter it wakes, without growing the stack', () => {
    const again = (): void => {
      gate.onReady(() => {
        woken.push('a');
        if (woken.length < 100_000) again();
        gate.wake();
      });
    };
    again();
    room = 1;
    gate.wake();
    expect(woken.length).to.equal(100_000);
  });

  it('wakes the remaining waiters next time when one of them throws', () => {
    gate.onReady(() => {
      throw new Error('no');
    });
    waits('b');
    room = 1;
    expect(() => gate.wake()).to.throw('no');
    gate.wake();
    expect(woken).to.deep.equal(['b']);
  });
});
