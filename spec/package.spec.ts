import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';

const root = join(import.meta.dirname, '..');
const PATIENCE_MS = 60_000;

const program = `
import { close, Code, connect, implement, isRpcError, load, pull, RpcError, serve } from 'rx-grpc';
import { mergeMap } from 'rx-grpc/operators';
import { lastValueFrom, toArray } from 'rxjs';

const { Users } = await load('users.proto');
const server = await serve('http://127.0.0.1:0', implement(Users, {
  createUser: user$ => user$.pipe(
    mergeMap(async user => {
      if (user.name === '') throw new RpcError(Code.INVALID_ARGUMENT, 'a user has a name');
      return { userId: user.id, success: true };
    }, 8),
  ),
}));
const users = connect(Users, server.target);
const results: { userId: string }[] = await lastValueFrom(pull([{ id: 'a', name: 'Ann' }]).pipe(users.createUser, toArray()));
console.log(results.map(result => result.userId).join());
const error: unknown = await lastValueFrom(pull([{ id: 'b' }]).pipe(users.createUser)).catch((e: unknown) => e);
console.log(isRpcError(error, Code.INVALID_ARGUMENT) ? error.message : error);
close(users);
await server.shutdown();
`;

/** Packs the package into a folder as in a fresh clone after `npm ci`, where nothing has been built. @returns the file. */
function pack(folder: string): string {
  const clone = join(folder, 'clone');
  for (const name of ['lib', 'package.json', 'tsconfig.json', 'tsconfig.build.json', 'README.md', 'LICENSE']) {
    cpSync(join(root, name), join(clone, name), { recursive: true });
  }
  symlinkSync(join(root, 'node_modules'), join(clone, 'node_modules'), 'dir');
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  const packed = execFileSync(npm, ['pack', '--silent', '--pack-destination', folder], {
    cwd: clone,
    encoding: 'utf8',
  });
  return join(folder, packed.trim().split('\n').at(-1)!);
}

/** A project of a user's, with the package as it would be published in its node_modules. */
function consumer(): string {
  const folder = mkdtempSync(join(tmpdir(), 'rx-grpc-consumer-'));
  const packed = pack(folder);
  const modules = join(folder, 'node_modules');
  mkdirSync(join(modules, 'rx-grpc'), { recursive: true });
  execFileSync('tar', ['-xzf', packed, '-C', join(modules, 'rx-grpc'), '--strip-components=1']);
  mkdirSync(join(modules, '@types'));
  for (const name of ['@grpc', 'commander', 'protobufjs', 'rxjs', '@types/node', 'undici-types', 'long']) {
    symlinkSync(join(root, 'node_modules', name), join(modules, name), 'dir');
  }
  writeFileSync(join(folder, 'package.json'), '{ "type": "module", "private": true }');
  writeFileSync(join(folder, 'users.proto'), readFileSync(join(root, 'protos/users.proto')));
  return folder;
}

const generatedProgram = `
import { RpcError } from 'rx-grpc';
import { Timestamp } from 'rx-grpc/google/protobuf/timestamp';
import { User } from './gen/users.js';

const id: string = User.decode(User.encode({ id: 'a' })).id;
console.log(id, Timestamp.decode(Timestamp.encode({ seconds: 1n })).seconds, RpcError.name);
`;

function run(folder: string, file: string, ...args: string[]): string {
  return execFileSync(process.execPath, [file, ...args], { cwd: folder, stdio: 'pipe', encoding: 'utf8' });
}

const flags = [
  '--strict',
  '--noUncheckedIndexedAccess',
  '--exactOptionalPropertyTypes',
  '--verbatimModuleSyntax',
  '--module',
  'nodenext',
  '--target',
  'es2023',
  '--types',
  'node',
];

describe('the packed package', () => {
  let folder: string;

  before(function () {
    this.timeout(PATIENCE_MS);
    folder = consumer();
  });

  after(() => rmSync(folder, { recursive: true }));

  /** What a program prints, compiled under every strictness flag. */
  function compiledAndRun(name: string, program: string): string {
    writeFileSync(join(folder, `${name}.ts`), program);
    try {
      run(folder, join(root, 'node_modules/typescript/bin/tsc'), ...flags, `${name}.ts`);
      return run(folder, `${name}.js`);
    } catch (error) {
      throw new Error(`${error}\n${(error as { stdout?: string }).stdout ?? ''}`);
    }
  }

  it('compiles under every strictness flag and runs in a project of its own', () => {
    expect(compiledAndRun('program', program)).to.equal(
      'a\n/users.Users/CreateUser INVALID_ARGUMENT: a user has a name\n',
    );
  }).timeout(PATIENCE_MS);

  it('generates, and what it generated compiles and runs', () => {
    const cli = 'node_modules/rx-grpc/dist/gen/cli/main.js';
    expect(run(folder, cli, '--version')).to.match(/^\d+\.\d+\.\d+\n$/);
    run(folder, cli, 'generate', 'users.proto', '--out', 'gen');
    expect(compiledAndRun('generated', generatedProgram)).to.equal('a 1n RpcError\n');
  }).timeout(PATIENCE_MS);
});
