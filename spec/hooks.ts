import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';

/** Errors outside any promise or callback of a spec, with the spec after which they were seen; they fail the run. */
const strays: { readonly error: unknown; seenAfter?: string }[] = [];
process.on('unhandledRejection', error => strays.push({ error }));
process.on('uncaughtExceptionMonitor', error => strays.push({ error }));
process.on('warning', error => {
  if (error.name === 'MaxListenersExceededWarning') strays.push({ error });
});

/** Handles that keep a process alive when they are forgotten. */
const leaking = new Set(['TCPServerWrap', 'TCPSocketWrap', 'PipeWrap', 'ProcessWrap', 'FSReqCallback', 'TLSWrap']);
const open = (): string[] => process.getActiveResourcesInfo().filter(kind => leaking.has(kind));
/** The handles of the process itself: its stdio, and in parallel mode the channel to mocha's main process. */
let own = 0;

/** In parallel mode, mocha runs these once per file, and several files in one process. */
export const mochaHooks = {
  beforeAll(): void {
    own = open().length;
  },
  afterEach(this: Mocha.Context): void {
    for (const stray of strays) stray.seenAfter ??= this.currentTest?.fullTitle() ?? 'no spec';
  },
  async afterAll(): Promise<void> {
    // A closed socket disappears a few turns of the event loop later, or after work of the operating system.
    for (let turn = 0; turn < 1000 && open().length > own; turn++) await new Promise(setImmediate);
    for (let look = 0; look < 500 && open().length > own; look++) await sleep(10);
    const seen = strays.splice(0).map(({ error, seenAfter }) => `after "${seenAfter}": ${error}`);
    expect(seen, 'unhandled rejections, uncaught exceptions, warnings').to.deep.equal([]);
    expect(open().length, `open handles: ${open().join(', ')}`).to.be.at.most(own);
  },
};
