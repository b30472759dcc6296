import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect } from 'chai';
import { type Leave, Roster } from '../lib/roster.ts';

describe('Roster', () => {
  it('has what came and has not left, in the order in which it came', () => {
    const roster = new Roster<string>();
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

  it('has one that came twice twice, and is left once by who leaves twice', () => {
    const roster = new Roster<string>();
    const leave = roster.add('a');
    roster.add('a');
    leave();
    leave();
    expect([roster.size, ...roster]).to.deep.equal([1, 'a']);
  });

  it('gives all that were there when others leave, or come, while it is gone through', () => {
    const roster = new Roster<string>();
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

  it('holds back nothing that has left, also from a collection of new objects alone', async () => {
    const roster = new Roster<object>();
    const BYTES = 4096;
    const comeAndGo = (times: number): void => {
      const leaves: Leave[] = [];
      for (let i = 0; i < times; i++) {
        leaves.push(roster.add({ memory: new ArrayBuffer(BYTES) }));
        if (leaves.length > 64) leaves.shift()!();
      }
      for (const leave of leaves) leave();
    };
    comeAndGo(65);
    const stay = Array.from({ length: 64 }, () => roster.add({}));
    collect(); // what is in it now is old
    for (const leave of stay) leave();
    const before = process.memoryUsage().arrayBuffers;
    comeAndGo(2000);
    const held = (): number => (process.memoryUsage().arrayBuffers - before) / BYTES;
    // V8 frees the memory of buffers that it has collected on another thread, and counts it later.
    for (let turn = 0; turn < 100 && (turn < 3 || held() >= 100); turn++) {
      collect({ type: 'minor' });
      await new Promise(setImmediate);
    }
    expect(held()).to.be.lessThan(100);
  });
});

setFlagsFromString('--expose-gc');
const collect: (options?: { readonly type: 'minor' }) => void = runInNewContext('gc');
