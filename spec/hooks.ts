import { expect } from 'chai';

// What happens outside of any promise or callback of a spec fails the run all the same.
const strays: unknown[] = [];
process.on('unhandledRejection', error => strays.push(error));
process.on('uncaughtExceptionMonitor', error => strays.push(error));
process.on('warning', warning => {
  if (warning.name === 'MaxListenersExceededWarning') strays.push(warning);
});

/** What keeps a process alive when it is forgotten. */
const leaking = new Set(['TCPServerWrap', 'TCPSocketWrap', 'PipeWrap', 'ProcessWrap', 'FSReqCallback', 'TLSWrap']);

export const mochaHooks = {
  afterEach(): void {
    const found = strays.splice(0);
    if (found.length > 0) throw new AggregateError(found, `stray errors: ${found.map(String).join('; ')}`);
  },
  async afterAll(): Promise<void> {
    const open = (): string[] => process.getActiveResourcesInfo().filter(kind => leaking.has(kind));
    const stdio = [process.stdin, process.stdout, process.stderr].filter(stream => stream.fd !== undefined).length;
    // A closed socket is gone a few turns of the event loop later.
    for (let turn = 0; turn < 1000 && open().length > stdio; turn++) await new Promise(setImmediate);
    expect(open().length, `open handles: ${open().join(', ')}`).to.be.at.most(stdio);
  },
};
