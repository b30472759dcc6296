import { linkSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { generateUsers } from '../../../examples/user-bulk-create/generate-users.ts';
import { killAll, start, startServer, stopServer, temporaryFolder } from './programs.ts';

describe('The files of an upload', () => {
  let folder: ReturnType<typeof temporaryFolder>;
  let input: string;
  const text = [...generateUsers(100, 1, 2)].join('');
  const at = (name: string) => join(folder.path, name);

  beforeEach(() => {
    folder = temporaryFolder();
    input = at('users.csv');
    writeFileSync(input, text);
  });
  afterEach(async () => {
    await killAll();
    folder.remove();
  });

  it('are refused and unchanged when two are the same, by whatever name', async () => {
    symlinkSync(input, at('symbolic'));
    linkSync(input, at('hard'));
    symlinkSync(folder.path, at('folder'));
    writeFileSync(at('p.next'), text);
    const before = readdirSync(folder.path);
    const server = await startServer(at('users.db'));
    const cases = [
      [input, '--rejects', input],
      [input, '--position', input],
      [input, '--rejects', at('symbolic')],
      [input, '--rejects', at('hard')],
      [input, '--position', join(at('folder'), 'users.csv')],
      [input, '--rejects', at('new'), '--position', join(at('folder'), 'new')],
      [input, '--rejects', at('new.next'), '--position', at('new')],
      [at('p.next'), '--format', 'csv', '--position', at('p')],
    ];
    const args = ['--target', server.target];
    const ended = await Promise.all(cases.map(some => start('client', [...some, ...args]).ended));
    ended.forEach(({ code, stdout, stderr }, i) => {
      expect(stderr, cases[i]!.join(' ')).to.match(/^error: .* they are the same file\n$/);
      expect([code, stdout]).to.deep.equal([64, '']);
    });
    expect(await stopServer(server), 'sent').to.equal(0);
    expect(readFileSync(input, 'utf8')).to.equal(text);
    expect(readFileSync(at('p.next'), 'utf8')).to.equal(text);
    expect(readdirSync(folder.path).filter(name => !name.startsWith('users.db'))).to.deep.equal(before);
  });

  it('are refused and unchanged when they exist and are something else', async () => {
    writeFileSync(at('other'), 'precious\n');
    const server = await startServer(at('users.db'));
    for (const option of ['--rejects', '--position']) {
      const { code, stderr } = await start('client', [input, '--target', server.target, option, at('other')]).ended;
      expect(stderr).to.match(/^error: .*other.*remove it, or say another by --\w+\n$/);
      expect(code).to.equal(64);
      expect(readFileSync(at('other'), 'utf8')).to.equal('precious\n');
    }
    expect(await stopServer(server), 'sent').to.equal(0);
  });

  it('are refused in one line, before anything is sent, when they cannot be written', async () => {
    const server = await startServer(at('users.db'));
    for (const option of ['--rejects', '--position']) {
      const path = join(at('none'), 'file');
      const { code, stdout, stderr } = await start('client', [input, '--target', server.target, option, path]).ended;
      expect(stderr).to.match(/^error: .* cannot be written to .*none\/file: ENOENT.*\n$/);
      expect([code, stdout]).to.deep.equal([64, '']);
    }
    expect(await stopServer(server), 'sent').to.equal(0);
  });

  it('cancel the upload when they become unwritable; the program reports how far it came', async () => {
    mkdirSync(at('gone'));
    const server = await startServer(at('users.db'));
    const position = join(at('gone'), 'position.json');
    const args = ['-', '--target', server.target, '--rejects', at('rejects.csv'), '--position', position];
    const client = start('client', [...args, '--every', '1']);
    client.process.stdin?.write('id,name,last_name,age\nu1,Johanna,Berg,33\n');
    await client.printed(/created 1/);
    rmSync(at('gone'), { recursive: true });
    const { code, stdout, stderr } = await client.ended;
    expect(stderr).to.match(/^ENOENT.*position\.json.*; last acknowledged line: 2; --skip 2 goes on after it\n$/m);
    expect(stdout).to.match(/^created +1$/m);
    expect(code).to.equal(1);
    expect(await stopServer(server)).to.equal(1);
  });

  it('of the previous upload are unchanged when nothing is acknowledged; no time and memory are reported then', async () => {
    const rejects = `${input}.rejects.csv`;
    writeFileSync(rejects, 'line,reasons,original\n2,"a","b"\n');
    writeFileSync(input, 'id,first\n');
    const server = await startServer(at('users.db'));
    const { code, stdout } = await start('client', [input, '--target', server.target]).ended;
    expect(code).to.equal(64);
    expect(stdout).not.to.match(/time|memory/);
    expect(readFileSync(rejects, 'utf8')).to.contain('2,"a","b"');
    await stopServer(server);
  });
});
