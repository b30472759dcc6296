import v8 from 'node:v8';
import vm from 'node:vm';
import { expect } from 'chai';
import { settled } from '../support/settled.ts';

/** So many of the objects may be held by what is not of these calls: the runner, timers that have not run out. */
const SLACK = 10;
const SLACK_BYTES = 16 * 1024 * 1024;
const MAX_COLLECTIONS = 50;

v8.setFlagsFromString('--expose-gc');
const collect = vm.runInNewContext('gc') as () => void;

let watched: WeakRef<object>[] = [];

/** Something that all of a call hangs on or is hung on: if it can be collected, so can they. */
export function watch<T extends object>(object: T): T {
  watched.push(new WeakRef(object));
  return object;
}

/**
 * The last spec of a `describe` whose others made many more calls than may be held: when all is closed, nothing that was
 * watched is alive, and the bytes are free again.
 */
export function itGivesBackTheMemory(): void {
  let earlier = 0;
  before(() => {
    watched = [];
    earlier = bytes();
  });
  it('gives back the memory of all these calls', async () => {
    expect(watched.length, 'objects that were watched').to.be.above(1.5 * SLACK);
    for (let i = 0; i < MAX_COLLECTIONS; i++) {
      await settled(() => 0); // what was looked at in a turn lives to its end
      if (bytes() <= earlier + SLACK_BYTES && alive() <= SLACK) break;
    }
    expect(alive(), 'objects of calls that have ended').to.be.at.most(SLACK);
    expect(bytes(), 'bytes').to.be.at.most(earlier + SLACK_BYTES);
  });
}

function bytes(): number {
  collect();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

function alive(): number {
  return watched.filter(ref => ref.deref() !== undefined).length;
}
