import { randomFillSync } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { PART_BYTES } from '../../../examples/file-transfer/send-file.ts';
import { isListening } from '../support/is-listening.ts';
import { freePort, interrupt, killAll, start, startServer } from '../support/programs.ts';

/** At the pace below, a transfer takes seconds, so that it can be cut in the middle. */
const PARTS = 64;
const SLOWLY = ['--pace-ms', '40'];
/** The difference in parts between the files of the two sides. */
const UNDER_WAY = 20;

describe('file-transfer, the programs', () => {
  let folder: string;
  let there: string;
  let here: string;
  let sent: Buffer;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'rx-grpc-spec-'));
    there = join(folder, 'there');
    here = join(folder, 'here');
    mkdirSync(here);
    sent = randomFillSync(Buffer.alloc(PARTS * PART_BYTES));
    writeFileSync(join(here, 'noise.bin'), sent);
  });
  afterEach(async () => {
    await killAll();
    rmSync(folder, { recursive: true });
  });

  const serveFolder = (...args: string[]) => startServer('file-transfer/server', '--folder', there, ...args);
  const upload = (...args: string[]) => start('file-transfer/client', ['upload', join(here, 'noise.bin'), ...args]);
  const fetchedTo = () => join(folder, 'fetched');
  const download = (...args: string[]) => {
    mkdirSync(fetchedTo(), { recursive: true });
    return start('file-transfer/client', ['download', 'noise.bin', '--folder', fetchedTo(), ...args]);
  };

  it('main: a transfer cut in either direction delivers the original file; no process or file is left over', async () => {
    const tmp = join(folder, 'tmp');
    mkdirSync(tmp);
    const { code, stdout } = await start('file-transfer/main', [], { TMPDIR: tmp }).ended;
    expect(code).to.equal(0);
    expect(stdout.match(/^client +\| goes on after \d+ bytes$/gm)).to.have.length(2);
    expect(stdout).to.contain('\nwhat came back is what was sent\n');
    expect(readdirSync(tmp).filter(name => name.startsWith('file-transfer'))).to.deep.equal([]);
    const [port] = /(?<=listening on .*:)\d+/.exec(stdout)!;
    expect(await isListening(Number(port))).to.equal(false);
  });

  it('an upload resumes where it broke: the server killed in the middle, then Ctrl-C', async () => {
    const killed = await serveFolder();
    const cut = upload(...killed.at, ...SLOWLY);
    await cut.printed(/^20 %$/m);
    killed.process.kill('SIGKILL');
    const { code, stderr } = await cut.ended;
    expect(code).to.equal(1);
    expect(stderr).to.contain(`the connection to ${killed.target} was lost, UNAVAILABLE`);

    const server = await serveFolder();
    expect(existsSync(join(there, 'noise.bin')), 'under its name').to.equal(false);
    const stopped = upload(...server.at, ...SLOWLY);
    const [, after] = await stopped.printed(/^goes on after (\d+) bytes$/m);
    expect(Number(after)).to.be.at.least(0.2 * sent.length);
    await stopped.printed(/^40 %$/m);
    const interrupted = await interrupt(stopped);
    expect({ code: interrupted.code, stderr: interrupted.stderr }).to.deep.equal({
      code: 130,
      stderr: 'interrupted\n',
    });
    await server.printed(/^noise\.bin was cut at \d+ bytes of /m);

    const last = await upload(...server.at).ended;
    expect(last.code, last.stderr).to.equal(0);
    const [, again, most] = /^goes on after (\d+) [\s\S]*^complete: \d+ bytes, never more than (\d+) under way$/m.exec(
      last.stdout,
    )!;
    expect(Number(again)).to.be.at.least(0.4 * sent.length);
    expect(Number(most)).to.be.within(PART_BYTES, UNDER_WAY * PART_BYTES);
    expect(readFileSync(join(there, 'noise.bin')).equals(sent)).to.equal(true);
    expect(readdirSync(there)).to.deep.equal(['noise.bin']);
    expect((await interrupt(server)).stdout).to.match(
      /^received noise\.bin, \d+ bytes\nstopped, no call cut short\n$/m,
    );
  });

  it('a download resumes where it broke: the server killed in the middle, then the client', async () => {
    mkdirSync(there);
    writeFileSync(join(there, 'noise.bin'), sent);
    const killed = await serveFolder();
    const cut = download(...killed.at, ...SLOWLY);
    await cut.printed(/^20 %$/m);
    killed.process.kill('SIGKILL');
    const { code, stderr } = await cut.ended;
    expect(code).to.equal(1);
    expect(stderr).to.contain(`the connection to ${killed.target} was lost, UNAVAILABLE`);
    expect(readdirSync(fetchedTo())).to.deep.equal(['noise.bin.partial']);

    const server = await serveFolder();
    const gone = download(...server.at, ...SLOWLY);
    await gone.printed(/^goes on after \d+ bytes\n[\s\S]*^40 %$/m);
    gone.process.kill('SIGKILL');
    await gone.ended;

    const last = await download(...server.at).ended;
    expect(last.code, last.stderr).to.equal(0);
    expect(Number(/^goes on after (\d+) /m.exec(last.stdout)?.[1])).to.be.at.least(0.4 * sent.length);
    expect(readFileSync(join(fetchedTo(), 'noise.bin')).equals(sent)).to.equal(true);
    expect(readdirSync(fetchedTo())).to.deep.equal(['noise.bin']);
    expect((await interrupt(server)).stdout).to.contain('stopped, no call cut short');
  });

  it('errors are explained: no server, a missing file on either side, a name outside the folder, an occupied port', async () => {
    const port = await freePort();
    const server = await serveFolder();
    const at = (direction: string, file: string, ...args: string[]) =>
      start('file-transfer/client', [direction, file, '--folder', here, ...args]).ended;
    const [lost, nothing, notThere, outside, taken] = await Promise.all([
      at('upload', join(here, 'noise.bin'), '--port', port),
      at('upload', join(here, 'nothing'), ...server.at),
      at('download', 'nothing', ...server.at),
      at('download', '../secret', ...server.at),
      start('file-transfer/server', [...server.at, '--folder', there]).ended,
    ]);
    expect(lost.code).to.equal(1);
    expect(lost.stderr).to.contain(`no server at http://127.0.0.1:${port}, UNAVAILABLE`);
    expect(nothing.code).to.equal(64);
    expect(nothing.stderr).to.contain(`error: there is no file ${join(here, 'nothing')}`);
    expect(notThere.code).to.equal(1);
    expect(notThere.stderr).to.contain('NOT_FOUND: there is no file nothing');
    expect(outside.code).to.equal(1);
    expect(outside.stderr).to.contain('"../secret" is not the name of a file in the folder');
    expect(taken.code).to.equal(1);
    expect(taken.stderr).to.match(/^error: /m);
    expect(readdirSync(here)).to.deep.equal(['noise.bin']);
  });
});
