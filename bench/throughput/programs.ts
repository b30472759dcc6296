import { cpSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const compiled = join(import.meta.dirname, 'dist');
const copies = new Map<string, string>();

/**
 * The folder of the compiled programs; for another build of rx-grpc that of a copy, which imports it by all of its doors. A
 * resolve hook would be less code, but in Node 20 it is a thread in each process, and would be measured.
 */
export function programs(build: string | undefined): string {
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
  cpSync(join(import.meta.dirname, '../../package.json'), join(rxGrpc, 'package.json'));
  symlinkSync(resolve(build), join(rxGrpc, 'dist'), 'junction');
}
