import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, statSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';

const folder = import.meta.dirname;
const packages = join(folder, 'node_modules');
const root = join(folder, '../..');

/** Installs what rx-grpc is compared with, as package-lock.json says, where that has not been done since it changed. */
export function install(): void {
  const installed = statSync(join(packages, '.package-lock.json'), { throwIfNoEntry: false });
  const wanted = statSync(join(folder, 'package-lock.json'));
  if (installed !== undefined && installed.mtimeMs >= wanted.mtimeMs) return;
  execFileSync('npm', ['ci', '--no-audit', '--no-fund'], { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] });
}

/**
 * Lets the programs in a folder import what is installed here, and `rx-grpc`, which is the repository as it was built: links
 * in a `node_modules` of its own, so that each package is there once.
 */
export function link(to: string): void {
  const links = join(to, 'node_modules');
  mkdirSync(links, { recursive: true });
  for (const name of readdirSync(packages)) {
    if (!name.startsWith('.')) linkOnce(join(packages, name), join(links, name));
  }
  linkOnce(root, join(links, 'rx-grpc'));
}

function linkOnce(to: string, path: string): void {
  if (!existsSync(path)) symlinkSync(to, path, 'junction');
}
