import v8 from 'node:v8';
import vm from 'node:vm';
import { expect } from 'chai';
import { settled } from '../support/settled.ts';

/**
 * The number of objects that may be retained by something other than these calls: the test runner, timers that have not expired.
 */
const SLACK = 10;
const SLACK_BYTES = 16 * 1024 * 1024;
const MAX_COLLECTIONS = 50;

v8.setFlagsFromString('--expose-gc');
const collect = vm.runInNewContext('gc') as () => void;

let watched: WeakRef<object>[] = [];

/** An object that references, or is referenced by, everything in a call: if it can be collected, so can the rest. */
export function watch<T extends object>(object: T): T {
  watched.push(new WeakRef(object));
  return object;
}

/**
 * The last spec of a `describe` whose other specs made many more calls than may be retained: after everything is closed, no
 * watched object is alive, and the bytes are free again.
 */
export function itGivesBackTheMemory(): void {
  let earlier = 0;
  before(() => {
    watched = [];
    earlier = bytes();
  });
  it('releases the memory of all these calls', async () => {
    expect(watched.length, 'objects that were watched').to.be.above(1.5 * SLACK);
    for (let i = 0; i < MAX_COLLECTIONS; i++) {
      await settled(() => 0); // objects inspected in a turn live to its end
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
