import { expect } from 'chai';
import { Code, close, connect, isRpcError } from 'rx-grpc';
import { lastValueFrom } from 'rxjs';
import { Camera, type Policy } from '../../examples/gen/camera.ts';
import { isListening } from './support/is-listening.ts';
import { freePort, interrupt, killAll, type Running, start, startServer } from './support/programs.ts';

const FRAMES = 300;
/** Frames of 32 KiB that are under way to a reader who does not read: see docs/backpressure.md. */
const UNDER_WAY = 21;

describe('live-feed, the programs', function () {
  this.timeout(60_000);
  afterEach(killAll);

  const startReader = async (at: readonly string[], ...args: string[]): Promise<Running> => {
    const reader = start('live-feed/client', [...at, ...args]);
    await reader.printed(/^watching$/m);
    return reader;
  };
  /** What a reader says when the camera has ended. */
  const seenBy = async (reader: Running) => {
    const { code, stdout, stderr } = await reader.ended;
    expect(code, stderr).to.equal(0);
    const [, frames, last] = /^(\d+) frames, the last was number (\d+)$/m.exec(stdout)!;
    return { frames: Number(frames), last: Number(last) };
  };
  const droppedOf = async (server: Running, policy: string) =>
    Number((await server.printed(new RegExp(`^a reader is gone, ${policy}: (\\d+) frames were dropped$`, 'm')))[1]);

  it('a quick reader is not held up by those who do not read; each of these loses what its policy allows', async () => {
    const server = await startServer('live-feed/server', '--frames', `${FRAMES}`, '--pace-ms', '1', '--readers', '4');
    const [latest, buffer, drop] = (await Promise.all(
      ['latest', 'buffer', 'drop'].map(policy => startReader(server.at, '--policy', policy)),
    )) as [Running, Running, Running];
    for (const stopped of [latest, buffer, drop]) stopped.process.kill('SIGSTOP');

    const quick = await startReader(server.at, '--policy', 'buffer'); // the fourth: the camera begins
    expect(await seenBy(quick)).to.deep.equal({ frames: FRAMES, last: FRAMES });

    for (const stopped of [latest, buffer, drop]) stopped.process.kill('SIGCONT');
    expect(await seenBy(buffer), 'buffer').to.deep.equal({ frames: FRAMES, last: FRAMES });

    const ofLatest = await seenBy(latest);
    expect(ofLatest.last, 'latest').to.equal(FRAMES);
    expect(ofLatest.frames).to.be.within(2, UNDER_WAY + 1);
    expect(ofLatest.frames + (await droppedOf(server, 'LATEST'))).to.equal(FRAMES);

    const ofDrop = await seenBy(drop);
    expect(ofDrop.frames, 'drop').to.be.within(1, UNDER_WAY);
    expect(ofDrop.last).to.equal(ofDrop.frames);
    expect(ofDrop.frames + (await droppedOf(server, 'DROP'))).to.equal(FRAMES);
    expect((await interrupt(server)).stdout).to.contain('stopped, no call cut short');
  });

  it('who wants all frames and falls behind too far is cut off and told; the others go on', async () => {
    const args = ['--frames', `${FRAMES}`, '--pace-ms', '1', '--readers', '2', '--max-waiting', '50'];
    const server = await startServer('live-feed/server', ...args);
    const slow = await startReader(server.at, '--policy', 'buffer');
    slow.process.kill('SIGSTOP');
    expect((await seenBy(await startReader(server.at, '--policy', 'latest'))).last).to.equal(FRAMES);
    slow.process.kill('SIGCONT');
    const { code, stderr } = await slow.ended;
    expect(code).to.equal(1);
    expect(stderr).to.contain('RESOURCE_EXHAUSTED').and.to.contain('more than 50 values wait');
  });

  it('main shows it in one go, and leaves nothing running', async () => {
    const { code, stdout } = await start('live-feed/main').ended;
    expect(code).to.equal(0);
    expect(stdout).to.match(/^buffer +\| 150 frames, the last was number 150$/m);
    expect(stdout).to.match(/^latest +\| \d+ frames, the last was number 150$/m);
    expect(stdout).to.match(/^quick +\| \d+ frames, the last was number 150$/m);
    expect(stdout).to.match(/^drop +\| \d+ frames, /m);
    const [port] = /(?<=listening on .*:)\d+/.exec(stdout)!;
    expect(await isListening(Number(port))).to.equal(false);
  });

  it('a camera that is killed or stopped: those who watch are told, and told what to do', async () => {
    const killed = await startServer('live-feed/server');
    const reader = await startReader(killed.at);
    killed.process.kill('SIGKILL');
    const { code, stderr } = await reader.ended;
    expect(code).to.equal(1);
    expect(stderr).to.contain(`the connection to ${killed.target} was lost, UNAVAILABLE`);

    const server = await startServer('live-feed/server', '--pace-ms', '1');
    const other = await startReader(server.at);
    expect((await interrupt(server)).stdout).to.contain('stopped, no call cut short');
    expect((await seenBy(other)).frames).to.be.at.least(0);
  });

  it('readers who are killed or leave by Ctrl-C are gone from the feed', async () => {
    const server = await startServer('live-feed/server', '--pace-ms', '1');
    const killed = await startReader(server.at, '--policy', 'drop');
    killed.process.kill('SIGKILL');
    await droppedOf(server, 'DROP');
    const leaving = await startReader(server.at, '--policy', 'latest');
    const { code, stderr } = await interrupt(leaving);
    expect({ code, stderr }).to.deep.equal({ code: 130, stderr: 'interrupted\n' });
    await droppedOf(server, 'LATEST');
    const taken = await start('live-feed/server', server.at).ended;
    expect(taken.code).to.equal(1);
    expect(taken.stderr).to.match(/^error: /m);
  });

  it('refuses a policy that there is not', async () => {
    const server = await startServer('live-feed/server');
    const camera = connect(Camera, server.target);
    const error = await lastValueFrom(camera.watch({ policy: 3 as Policy })).catch((reason: unknown) => reason);
    expect(isRpcError(error, Code.INVALID_ARGUMENT)).to.equal(true);
    close(camera);
  });

  it('says that nobody is at a port', async () => {
    const port = await freePort();
    const { code, stderr } = await start('live-feed/client', ['--port', port]).ended;
    expect(code).to.equal(1);
    expect(stderr).to.contain(`no server at http://127.0.0.1:${port}, UNAVAILABLE`);
  });
});
