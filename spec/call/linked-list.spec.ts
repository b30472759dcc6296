import { expect } from 'chai';
import { LinkedList } from '../../lib/call/linked-list.ts';
import { runChild } from '../support/run-child.ts';

describe('LinkedList', () => {
  it('contains what was added and not removed, in the order of addition', () => {
    const roster = new LinkedList<string>();
    const [leaveA, leaveB, leaveC] = ['a', 'b', 'c'].map(one => roster.add(one));
    expect([roster.size, ...roster]).to.deep.equal([3, 'a', 'b', 'c']);
    leaveB!();
    expect([roster.size, ...roster]).to.deep.equal([2, 'a', 'c']);
    const leaveD = roster.add('d');
    leaveA!();
    expect([roster.size, ...roster]).to.deep.equal([2, 'c', 'd']);
    leaveD();
    expect([roster.size, ...roster]).to.deep.equal([1, 'c']);
    leaveC!();
    expect([roster.size, ...roster]).to.deep.equal([0]);
    roster.add('e');
    expect([roster.size, ...roster]).to.deep.equal([1, 'e']);
  });

  it('contains an item twice that was added twice; a repeated removal removes it once', () => {
    const roster = new LinkedList<string>();
    const leave = roster.add('a');
    roster.add('a');
    leave();
    leave();
    expect([roster.size, ...roster]).to.deep.equal([1, 'a']);
  });

  it('iterates over all items that were present, while others are added or removed', () => {
    const roster = new LinkedList<string>();
    const leaves = ['a', 'b', 'c'].map(one => roster.add(one));
    const seen: string[] = [];
    for (const one of roster) {
      seen.push(one);
      for (const leave of leaves) leave();
      if (seen.length === 1) roster.add('late');
    }
    expect(seen).to.deep.equal(['a', 'b', 'c']);
    expect([...roster]).to.deep.equal(['late']);
  });

  it('retains nothing that was removed, also when only the young generation is collected', async () => {
    // In a process of its own, as memory for buffers is measured for a whole process.
    const { stdout, stderr } = await runChild(
      `
      import { LinkedList } from 'lib/call/linked-list.ts';
      const BYTES = 4096;
      const roster = new LinkedList();
      const comeAndGo = times => {
        const leaves = [];
        for (let i = 0; i < times; i++) {
          leaves.push(roster.add({ memory: new ArrayBuffer(BYTES) }));
          if (leaves.length > 64) leaves.shift()();
        }
        for (const leave of leaves) leave();
      };
      comeAndGo(65);
      const stay = Array.from({ length: 64 }, () => roster.add({}));
      gc(); // what is in it now is old
      for (const leave of stay) leave();
      const before = process.memoryUsage().arrayBuffers;
      comeAndGo(2000);
      const held = () => (process.memoryUsage().arrayBuffers - before) / BYTES;
      // V8 frees the memory of buffers that it has collected on another thread, and counts it later.
      for (let turn = 0; turn < 100 && (turn < 3 || held() >= 100); turn++) {
        gc({ type: 'minor' });
        await new Promise(setImmediate);
      }
      console.log(held());
      `,
      { execArgv: ['--expose-gc'] },
    );
    expect(Number.parseFloat(stdout), stderr).to.be.lessThan(100);
  });
});
