import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { contenders, GRPC_GO, type Variant } from './contender.ts';

interface Program {
  readonly command: string;
  readonly args: readonly string[];
}

const root = join(import.meta.dirname, '../..');
const compiled = join(import.meta.dirname, 'dist');
const grpcGo = join(import.meta.dirname, 'contenders/grpc-go');
const copies = new Map<string, string>();

/** The program of a variant's processes. */
export function programOf({ name, build, node = process.execPath }: Variant): Program {
  if (name === GRPC_GO) return { command: join(grpcGo, 'dist/participant'), args: [] };
  return { command: node, args: [join(folderOf(build), 'throughput/participant.js')] };
}

/** The file of a variant in contenders/. */
export const fileOf = ({ name, build }: Variant): string => (build === undefined ? contenders[name]!.file : 'rx-grpc');

/**
 * The folder of the compiled programs; for another build of rx-grpc that of a copy, which imports it by all of its doors. A
 * resolve hook would be less code, but in Node 20 it is a thread in each process, and would be measured.
 */
function folderOf(build: string | undefined): string {
  if (build === undefined) return compiled;
  const folder = copies.get(build) ?? join(compiled, 'builds', String(copies.size));
  if (!copies.has(build)) makeCopy(folder, build);
  copies.set(build, folder);
  return folder;
}

function makeCopy(folder: string, build: string): void {
  rmSync(folder, { recursive: true, force: true });
  for (const part of ['contenders', 'throughput'])
    cpSync(join(compiled, part), join(folder, part), { recursive: true });
  // Without it they were a part of the repository's package, where `rx-grpc` is its own build.
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  const rxGrpc = join(folder, 'node_modules/rx-grpc');
  mkdirSync(rxGrpc, { recursive: true });
  cpSync(join(root, 'package.json'), join(rxGrpc, 'package.json'));
  symlinkSync(resolve(build), join(rxGrpc, 'dist'), 'junction');
}

/** Generates and compiles the contender in Go. @throws Error that says what is missing. */
export function buildGrpcGo(): void {
  const run = (command: string, args: readonly string[]) => execFileSync(command, args, { cwd: grpcGo, stdio: 'pipe' });
  try {
    run('go', ['version']);
  } catch {
    throw new Error('no `go` of 1.26 or later on the PATH (https://go.dev/dl)');
  }
  try {
    mkdirSync(join(grpcGo, 'dist'), { recursive: true });
    run(join(root, 'node_modules/.bin/buf'), ['generate', '../../messages.proto']);
    run('go', ['build', '-o', 'dist/participant', '.']);
  } catch (error) {
    throw new Error(`it does not compile: ${(error as { stderr?: Buffer }).stderr ?? error}`);
  }
}

/** The release of grpc-go in its go.mod. */
export const grpcGoVersion = (): string =>
  /google\.golang\.org\/grpc v(\S+)/.exec(readFileSync(join(grpcGo, 'go.mod'), 'utf8'))![1]!;

/** The executable of a release of Node, out of npm's package `node`. */
export function installNode(release: string): string {
  const folder = join(compiled, 'nodes', release);
  const executable = join(folder, 'node_modules/node/bin/node');
  if (existsSync(executable)) return executable;
  mkdirSync(folder, { recursive: true });
  const args = ['install', '--prefix', folder, '--no-audit', '--no-fund', '--silent', `node@${release}`];
  execFileSync('npm', args, { stdio: ['ignore', 'ignore', 'inherit'] });
  return executable;
}
