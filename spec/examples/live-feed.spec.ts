import { expect } from 'chai';
import { isListening } from './support/is-listening.ts';
import { freePort, interrupt, killAll, type Running, start, startServer } from './support/programs.ts';

/** Frames, each with five sightings. */
const FRAMES = 300;
const SIGHTINGS = 5 * FRAMES;

describe('live-feed, the programs', () => {
  afterEach(killAll);

  const startReader = async (at: readonly string[], ...args: string[]): Promise<Running> => {
    const reader = start('live-feed/client', [...at, ...args]);
    await reader.printed(/^watching$/m);
    return reader;
  };
  /** What a reader prints when the camera has ended. */
  const seenBy = async (reader: Running) => {
    const { code, stdout, stderr } = await reader.ended;
    expect(code, stderr).to.equal(0);
    const said = /^(\d+) sightings, the last was number (\d+), never more than (\d+) behind$/m.exec(stdout)!;
    const [sightings, last, behind] = said.slice(1).map(Number);
    return { sightings, last, behind };
  };
  const readerIsGone = (server: Running) => server.printed(/^a reader is gone$/m);

  it('a fast reader is not delayed by slow ones; each slow reader loses what its policy allows', async () => {
    const server = await startServer('live-feed/server', '--frames', `${FRAMES}`, '--pace-ms', '1', '--readers', '5');
    const [latest, each, buffer, drop] = (await Promise.all(
      ['latest', 'each', 'buffer', 'drop'].map(policy =>
        startReader(server.at, '--policy', policy, '--pace-ms', policy === 'buffer' ? '1' : '20'),
      ),
    )) as [Running, Running, Running, Running];
    const quick = await startReader(server.at, '--policy', 'buffer'); // the fifth reader: the camera starts
    expect(await seenBy(quick)).to.deep.include({ sightings: SIGHTINGS, last: SIGHTINGS });

    const ofBuffer = await seenBy(buffer);
    expect(ofBuffer, 'buffer').to.deep.include({ sightings: SIGHTINGS, last: SIGHTINGS });
    expect(ofBuffer.behind).to.be.above(100);

    const ofLatest = await seenBy(latest);
    expect(ofLatest, 'latest').to.deep.include({ last: SIGHTINGS, behind: 0 });
    expect(ofLatest.sightings).to.be.within(2, SIGHTINGS / 2);

    const ofEach = await seenBy(each);
    expect(ofEach.last, 'each').to.be.within(SIGHTINGS - 4, SIGHTINGS);
    expect(ofEach.sightings).to.be.within(5, SIGHTINGS / 2);

    const ofDrop = await seenBy(drop);
    expect(ofDrop.behind, 'drop').to.equal(0);
    expect(ofDrop.sightings).to.be.within(1, SIGHTINGS / 2);
    expect((await interrupt(server)).stdout).to.contain('stopped, no call cut short');
  });

  it('a reader that wants everything and falls too far behind is notified by its own program', async () => {
    const server = await startServer('live-feed/server', '--frames', `${FRAMES}`, '--pace-ms', '1', '--readers', '2');
    const slow = await startReader(server.at, '--policy', 'buffer', '--max-waiting', '50', '--pace-ms', '20');
    expect((await seenBy(await startReader(server.at, '--policy', 'latest'))).last).to.equal(SIGHTINGS);
    const { code, stderr } = await slow.ended;
    expect(code).to.equal(1);
    expect(stderr).to.contain('more than 50 values wait');
  });

  it('a reader that takes nothing is ended by the server with an explanation; the others continue', async () => {
    const args = [
      '--cars',
      '200',
      '--frames',
      `${FRAMES}`,
      '--pace-ms',
      '5',
      '--readers',
      '2',
      '--max-waiting',
      '20000',
    ];
    const server = await startServer('live-feed/server', ...args);
    const stopped = await startReader(server.at, '--policy', 'latest');
    stopped.process.kill('SIGSTOP');
    expect((await seenBy(await startReader(server.at, '--policy', 'latest'))).last).to.equal(200 * FRAMES);
    stopped.process.kill('SIGCONT');
    const { code, stderr } = await stopped.ended;
    expect(code).to.equal(1);
    expect(stderr).to.contain('RESOURCE_EXHAUSTED').and.to.contain('more than 20000 values wait');
  });

  it('main shows everything in one run, and leaves no process running', async () => {
    const { code, stdout } = await start('live-feed/main').ended;
    expect(code).to.equal(0);
    expect(stdout).to.match(/^buffer +\| 500 sightings, the last was number 500, never more than \d+ behind$/m);
    expect(stdout).to.match(/^latest +\| \d+ sightings, the last was number 500, never more than 0 behind$/m);
    expect(stdout).to.match(/^each +\| \d+ sightings, the last was number (500|49\d), /m);
    expect(stdout).to.match(/^quick +\| \d+ sightings, the last was number 500, /m);
    expect(stdout).to.match(/^drop +\| \d+ sightings, .* never more than 0 behind$/m);
    const [port] = /(?<=listening on .*:)\d+/.exec(stdout)!;
    expect(await isListening(Number(port))).to.equal(false);
  });

  it('readers of a camera that is killed or stopped get an error and advice', async () => {
    const killed = await startServer('live-feed/server');
    const reader = await startReader(killed.at);
    killed.process.kill('SIGKILL');
    const { code, stderr } = await reader.ended;
    expect(code).to.equal(1);
    expect(stderr).to.contain(`the connection to ${killed.target} was lost, UNAVAILABLE`);

    const server = await startServer('live-feed/server', '--pace-ms', '1');
    const other = await startReader(server.at);
    expect((await interrupt(server)).stdout).to.contain('stopped, no call cut short');
    expect((await seenBy(other)).sightings).to.be.at.least(0);
  });

  it('readers that are killed or leave by Ctrl-C are removed from the feed', async () => {
    const server = await startServer('live-feed/server', '--pace-ms', '1');
    const killed = await startReader(server.at, '--policy', 'drop');
    killed.process.kill('SIGKILL');
    await readerIsGone(server);
    const leaving = await startReader(server.at, '--policy', 'latest');
    const { code, stderr } = await interrupt(leaving);
    expect({ code, stderr }).to.deep.equal({ code: 130, stderr: 'interrupted\n' });
    const taken = await start('live-feed/server', server.at).ended;
    expect(taken.code).to.equal(1);
    expect(taken.stderr).to.match(/^error: /m);
  });

  it('refuses an unknown policy', async () => {
    const { code, stderr } = await start('live-feed/client', ['--policy', 'oldest']).ended;
    expect(code).to.equal(64);
    expect(stderr).to.contain('latest, each, buffer, drop');
  });

  it('reports a port without a server', async () => {
    const port = await freePort();
    const { code, stderr } = await start('live-feed/client', ['--port', port]).ended;
    expect(code).to.equal(1);
    expect(stderr).to.contain(`no server at http://127.0.0.1:${port}, UNAVAILABLE`);
  });
});
