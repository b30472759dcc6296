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

export const mochaHooks = {
  afterEach(this: Mocha.Context): void {
    for (const stray of strays) stray.seenAfter ??= this.currentTest?.fullTitle() ?? 'no spec';
  },
  async afterAll(): Promise<void> {
    const seen = strays.map(({ error, seenAfter }) => `after "${seenAfter}": ${error}`);
    expect(seen, 'unhandled rejections, uncaught exceptions, warnings').to.deep.equal([]);
    const open = (): string[] => process.getActiveResourcesInfo().filter(kind => leaking.has(kind));
    const stdio = [process.stdin, process.stdout, process.stderr].filter(stream => stream.fd !== undefined).length;
    // A closed socket is gone a few turns of the event loop later.
    for (let turn = 0; turn < 1000 && open().length > stdio; turn++) await new Promise(setImmediate);
    expect(open().length, `open handles: ${open().join(', ')}`).to.be.at.most(stdio);
  },
};
