import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { expect } from 'chai';

const root = join(import.meta.dirname, '..');

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

interface Manifest {
  readonly version: string;
  readonly engines: { readonly node: string };
  readonly bin?: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly peerDependencies: Readonly<Record<string, string>>;
}

/** Copies what `npm pack` needs into a folder, as in a fresh clone after `npm ci`, where nothing has been built. */
function clone(folder: string): string {
  const copy = join(folder, 'clone');
  const files = [
    'cli',
    'lib',
    'docs',
    'CHANGELOG.md',
    'SECURITY.md',
    'package.json',
    'tsconfig.json',
    'tsconfig.build.json',
    'README.md',
    'LICENSE',
  ];
  for (const name of files) {
    cpSync(join(root, name), join(copy, name), { recursive: true, filter: path => basename(path) !== 'dist' });
  }
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'), 'dir');
  return copy;
}

/** Packs a package of the clone and extracts it into a project's node_modules, with these of its dependencies. */
function install(copy: string, name: string, source: string, dependencies: readonly string[]): void {
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  const folder = join(copy, '..');
  const packed = execFileSync(npm, ['pack', '--silent', '--pack-destination', folder], {
    cwd: join(copy, source),
    encoding: 'utf8',
  });
  const target = join(folder, 'node_modules', name);
  mkdirSync(target, { recursive: true });
  execFileSync('tar', ['-xzf', join(folder, packed.trim().split('\n').at(-1)!), '-C', target, '--strip-components=1']);
  for (const dependency of dependencies) {
    mkdirSync(dirname(join(target, 'node_modules', dependency)), { recursive: true });
    symlinkSync(join(root, 'node_modules', dependency), join(target, 'node_modules', dependency), 'dir');
  }
}

/** A user's project with both packages as they would be published. Neither finds dependencies of the other. */
function consumer(): string {
  const folder = mkdtempSync(join(tmpdir(), 'rx-grpc-consumer-'));
  const copy = clone(folder);
  install(copy, 'rx-grpc', '.', ['@grpc/grpc-js', 'protobufjs', 'long']);
  install(copy, 'rx-grpc-cli', 'cli', ['commander', 'protobufjs', 'long']);
  const modules = join(folder, 'node_modules');
  mkdirSync(join(modules, '@types'));
  for (const name of ['rxjs', '@types/node', 'undici-types']) {
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

describe('The packed packages', () => {
  let folder: string;

  before(() => {
    folder = consumer();
  });

  after(() => rmSync(folder, { recursive: true }));

  /** The output of a program, compiled under every strictness flag. */
  function compiledAndRun(name: string, program: string): string {
    writeFileSync(join(folder, `${name}.ts`), program);
    try {
      run(folder, join(root, 'node_modules/typescript/bin/tsc'), ...flags, `${name}.ts`);
      return run(folder, `${name}.js`);
    } catch (error) {
      throw new Error(`${error}\n${(error as { stdout?: string }).stdout ?? ''}`);
    }
  }

  it('compile under every strictness flag and run in a separate project', () => {
    expect(compiledAndRun('program', program)).to.equal(
      'a\n/users.Users/CreateUser INVALID_ARGUMENT: a user has a name\n',
    );
  });

  const manifestOf = (name: string): Manifest =>
    JSON.parse(readFileSync(join(folder, 'node_modules', name, 'package.json'), 'utf8'));

  /** The packages that the JavaScript of a packed package imports. */
  function importsOf(name: string): readonly string[] {
    const dist = join(folder, 'node_modules', name, 'dist');
    const files = readdirSync(dist, { recursive: true, encoding: 'utf8' }).filter(file => file.endsWith('.js'));
    const imported = files.flatMap(file =>
      [...readFileSync(join(dist, file), 'utf8').matchAll(/^(?:import|export|\}).* ?"([^."].*)";$/gm)].map(
        ([, specifier]) => specifier!,
      ),
    );
    const packages = imported
      .filter(specifier => !isBuiltin(specifier))
      .map(specifier => specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/'));
    return [...new Set(packages)].sort();
  }

  it('import only the packages that they depend on, and all of those', () => {
    for (const [name, expected] of [
      ['rx-grpc', ['@grpc/grpc-js', 'protobufjs', 'rxjs']],
      ['rx-grpc-cli', ['commander', 'protobufjs']],
    ] as const) {
      const { dependencies, peerDependencies } = manifestOf(name);
      expect(importsOf(name), name).to.deep.equal(expected);
      expect(Object.keys({ ...dependencies, ...peerDependencies }), name).to.include.members(expected);
    }
  });

  it('have the same version, and the generator accepts that version of the runtime', () => {
    const [runtime, cli] = [manifestOf('rx-grpc'), manifestOf('rx-grpc-cli')];
    expect(cli.version).to.equal(runtime.version);
    expect(cli.peerDependencies['rx-grpc']).to.equal(`^${runtime.version}`);
  });

  it('permit the versions that docs/versions.md states', () => {
    const page = readFileSync(join(root, 'docs/versions.md'), 'utf8');
    const { engines, dependencies, peerDependencies } = manifestOf('rx-grpc');
    const ranges: Readonly<Record<string, string | undefined>> = {
      Node: engines.node,
      ...dependencies,
      ...peerDependencies,
    };
    for (const name of ['Node', '@grpc/grpc-js', 'rxjs', '@bufbuild/protobuf'] as const) {
      const [, stated] = new RegExp(`^\\| ${name} \\| (\\d[\\d.]*)`, 'm').exec(page) ?? [];
      const lowest = ranges[name]!.replace(/^(?:\^|>=)/, '').replace(/(?:\.0)+$/, '');
      expect(stated?.replace(/(?:\.0)+$|\.$/, ''), name).to.equal(lowest);
    }
    expect(manifestOf('rx-grpc-cli').engines).to.deep.equal(engines);
  });

  it('contain the generator in rx-grpc-cli only', () => {
    const files = readdirSync(join(folder, 'node_modules/rx-grpc'), { recursive: true, encoding: 'utf8' });
    expect(files).to.include('lib/index.ts').and.to.include('dist/index.js');
    expect(files.filter(file => /^(?!node_modules).*\b(?:cli|gen|generate)\//.test(file))).to.deep.equal([]);
    expect(manifestOf('rx-grpc').bin).to.equal(undefined);
    expect(manifestOf('rx-grpc').dependencies).not.to.have.property('commander');
  });

  it('generate code that compiles and runs', () => {
    const cli = join('node_modules/rx-grpc-cli', manifestOf('rx-grpc-cli').bin!['rx-grpc']!);
    expect(run(folder, cli, '--version')).to.equal(`${manifestOf('rx-grpc-cli').version}\n`);
    run(folder, cli, 'generate', 'users.proto', '--out', 'gen');
    expect(compiledAndRun('generated', generatedProgram)).to.equal('a 1n RpcError\n');
  });
});
