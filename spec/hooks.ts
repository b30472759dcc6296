import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';

/** What happens outside of any promise or callback of a spec, and after which spec it was seen: it fails the run. */
const strays: { readonly error: unknown; seenAfter?: string }[] = [];
process.on('unhandledRejection', error => strays.push({ error }));
process.on('uncaughtExceptionMonitor', error => strays.push({ error }));
process.on('warning', error => {
  if (error.name === 'MaxListenersExceededWarning') strays.push({ error });
});

/** What keeps a process alive when it is forgotten. */
const leaking = new Set(['TCPServerWrap', 'TCPSocketWrap', 'PipeWrap', 'ProcessWrap', 'FSReqCallback', 'TLSWrap']);
const open = (): string[] => process.getActiveResourcesInfo().filter(kind => leaking.has(kind));
/** The process's own: its stdio, and where mocha runs in parallel, the channel to the process that gives it its files. */
let own = 0;

/** In parallel mocha runs these for each file, with the rest of the files in the same process. */
export const mochaHooks = {
  beforeAll(): void {
    own = open().length;
  },
  afterEach(this: Mocha.Context): void {
    for (const stray of strays) stray.seenAfter ??= this.currentTest?.fullTitle() ?? 'no spec';
  },
  async afterAll(): Promise<void> {
    // A closed socket is gone a few turns of the event loop later, what the operating system has to do first later still.
    for (let turn = 0; turn < 1000 && open().length > own; turn++) await new Promise(setImmediate);
    for (let look = 0; look < 500 && open().length > own; look++) await sleep(10);
    const seen = strays.splice(0).map(({ error, seenAfter }) => `after "${seenAfter}": ${error}`);
    expect(seen, 'unhandled rejections, uncaught exceptions, warnings').to.deep.equal([]);
    expect(open().length, `open handles: ${open().join(', ')}`).to.be.at.most(own);
  },
};
