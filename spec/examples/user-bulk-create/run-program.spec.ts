import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { loadPosition } from '../../../examples/user-bulk-create/position.ts';
import { killAll, type Running, start, startServer, stopServer, temporaryFolder } from './programs.ts';

describe('runProgram', () => {
  let folder: ReturnType<typeof temporaryFolder>;
  beforeEach(() => {
    folder = temporaryFolder();
  });
  afterEach(async () => {
    await killAll();
    folder.remove();
  });

  const left = () => readdirSync(folder.path).filter(name => name.startsWith('user-bulk-create'));

  it('continues when nobody reads its output any more, as with | head -1, and cleans up', async () => {
    const main = start('main', [], { TMPDIR: folder.path });
    await main.printed(/users generated/);
    main.process.stdout?.destroy();
    const { code, stderr } = await main.ended;
    expect(stderr.replaceAll(/^sent .*\n/gm, ''), 'besides the progress of a slow machine').to.equal('');
    expect(code).to.equal(0);
    expect(left()).to.deep.equal([]);
  });

  it('continues an upload when neither its results nor its progress are read any more', async () => {
    const server = await startServer(join(folder.path, 'users.db'));
    const files = ['--rejects', join(folder.path, 'r'), '--position', join(folder.path, 'p')];
    const client = start('client', ['-', '--target', server.target, '--every', '1', ...files]);
    client.process.stdin?.write('id,name,last_name,age\nu1,Johanna,Berg,33\n');
    await client.printed(/created 1/);
    client.process.stdout?.destroy();
    client.process.stderr?.destroy();
    // The position is written once per second, like the progress; nothing reports it in between.
    for (const line of [3, 4]) {
      client.process.stdin?.write(`u${line},Johanna,Berg,33\n`);
      await until(client, () => loadPosition(join(folder.path, 'p'))?.line === line);
    }
    client.process.stdin?.end('u5,Johanna,Berg,33\n');
    expect((await client.ended).code).to.equal(0);
    expect(await stopServer(server)).to.equal(4);
  });

  it('exits with 130 at Ctrl-C also while users are generated, and cleans up', async () => {
    const main = start('main', ['--users', '100000000'], { TMPDIR: folder.path });
    await until(main, () => left().length > 0);
    main.process.kill('SIGINT');
    const { code, stdout, stderr } = await main.ended;
    expect([code, stdout, stderr]).to.deep.equal([130, '', '']);
    expect(left()).to.deep.equal([]);
  });

  it('creates the missing folder of a generated file', async () => {
    const { code } = await start('generate', ['10', join(folder.path, '.data', 'users.csv')]).ended;
    expect(code).to.equal(0);
    const far = await start('generate', ['10', join(folder.path, 'none', '.data', 'users.csv')]).ended;
    expect(far.stderr).to.equal(`error: there is no folder ${join(folder.path, 'none')}\n`);
    expect(far.code).to.equal(64);
  });
});

/** No event reports what a program does to files. */
async function until(program: Running, isSo: () => boolean): Promise<void> {
  while (!isSo()) {
    if (program.process.exitCode !== null) throw new Error(`it ended before: ${(await program.ended).stderr}`);
    await new Promise(setImmediate);
  }
}
