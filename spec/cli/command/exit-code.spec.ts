import { execFile } from 'node:child_process';
import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { ExitCode } from '../../../cli/command/exit-code.ts';
import { compiled } from '../../support/compiled.ts';
import { Project, proto } from './support/project.ts';

const root = join(import.meta.dirname, '../../..');

function start(...args: string[]): Promise<{ code: number | string | null; stdout: string; stderr: string }> {
  return new Promise(resolve => {
    execFile(
      process.execPath,
      [compiled(join(root, 'cli/rx-grpc.ts')), ...args],
      { cwd: root, env: { ...process.env, FORCE_COLOR: '1' } },
      (error, stdout, stderr) => resolve({ code: error?.code ?? 0, stdout, stderr }),
    );
  });
}

describe('rx-grpc exits', () => {
  it('with 0 after --help and --version', async () => {
    using project = new Project();
    expect(await project.run('--help')).to.deep.include({ code: ExitCode.OK, err: '' });
    expect((await project.run('--help')).out).to.include('generate');
    expect((await project.run('generate', '--help')).out).to.include('--out <folder>');
    expect((await project.run('--version')).out).to.match(/^\d+\.\d+\.\d+\n$/);
  });

  it('with 2 when it is used incorrectly, and says what was expected', async () => {
    using project = new Project({ 'a.proto': proto('A'), 'empty/x.md': '', 'deep/b.proto': proto('B') });
    for (const [args, message] of [
      [[], /^Usage: /],
      [['generat'], /unknown command 'generat'/],
      [['generate', '--out', './gen'], /missing required argument 'protos'/],
      [['generate', './a.proto'], /required option '-o, --out <folder>' not specified/],
      [['generate', './a.proto', '--out='], /^--out: expected a folder, got an empty string\n$/],
      [['generate', './a.proto', '--out', './gen', '--int64', 'x'], /Allowed choices are bigint, string, number/],
      [['generate', './a.proto', '--out', './gen', '--wach'], /unknown option '--wach'/],
      [['generate', './a.proto', '--out', './gen', '--watch', '--check'], /expected one of them/],
      [['generate', './empty', '--out', './gen'], /^empty: no \.proto in this folder\n$/],
      [['generate', './empty/x.md', '--out', './gen'], /^empty\/x\.md: expected a \.proto or a folder\n$/],
      [['generate', './a.proto', '--out', './gen', '--include', './a.proto'], /^--include a\.proto: no folder\n$/],
    ] as const) {
      const { code, err } = await project.run(...args);
      expect(err, args.join(' ')).to.match(message);
      expect(code, args.join(' ')).to.equal(ExitCode.USAGE);
    }
    expect(project.tree('gen')).to.deep.equal([]);
  });

  it('with 2 when a file is given under one name and imported under another', async () => {
    using project = new Project({
      'all/protos/a.proto': proto('A', 'import "protos/b.proto";'),
      'all/protos/b.proto': proto('B'),
    });
    const args = ['generate', './all/protos', '--include', './all/protos', '--include', './all', '--out', './gen'];
    expect(await project.run(...args)).to.deep.include({
      code: ExitCode.USAGE,
      err: 'all/protos/b.proto is protos/b.proto as all/protos/a.proto imports it, and b.proto as it is given: expected one --include for both\n',
    });
  });

  it('with 3 when a .proto is invalid, or cannot be expressed in TypeScript', async () => {
    using project = new Project({
      'a.proto': 'message',
      'b.proto': 'syntax = "proto3"; import "none.proto";',
      'c.proto': proto('C', 'service S { rpc Get(C) returns (C); rpc get(C) returns (C); }'),
    });
    for (const file of ['a', 'b', 'c']) {
      expect(await project.run('generate', `./${file}.proto`, '--out', './gen')).to.include({ code: ExitCode.PROTO });
    }
  });

  it('with 4 when a file is missing or unreadable', async () => {
    using project = new Project({ 'a.proto': proto('A') });
    const of = async (...args: string[]): Promise<unknown> => {
      const { code, err } = await project.run('generate', ...args, '--out', './gen');
      return [code, err];
    };
    expect(await of('./none.proto')).to.deep.equal([ExitCode.FILES, 'none.proto: not found\n']);
    expect(await of('./a.proto', '--include', './none')).to.deep.equal([ExitCode.FILES, '--include none: not found\n']);
    const intoFile = await project.run('generate', './a.proto', '--out', './a.proto');
    expect([intoFile.code, intoFile.err]).to.deep.equal([ExitCode.FILES, 'a.proto: expected a folder, it is a file\n']);
    if (process.getuid?.() === 0) return;
    chmodSync(project.path('a.proto'), 0);
    expect(await of('./a.proto')).to.include(ExitCode.FILES);
  });

  it('as a process with these codes, with errors on stderr, without colours unless it is a terminal', async () => {
    using project = new Project({ 'a.proto': proto('A'), 'b.proto': 'message' });
    const out = project.path('gen');
    const good = await start('generate', project.path('a.proto'), '--out', out);
    expect(good).to.deep.equal({ code: 0, stdout: `${out}: 1 written, 0 unchanged\n`, stderr: '' });
    const bad = await start('generate', project.path('b.proto'), '--out', out);
    expect(bad).to.deep.include({ code: 3, stdout: '' });
    expect(bad.stderr).to.equal(`${project.path('b.proto')}:1:8: unexpected end of the file\n`);
  });
});
