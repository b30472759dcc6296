import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { arch, cpus, platform, totalmem } from 'node:os';

/** The machine in one line. */
export function machine(): string {
  const { length: cores, 0: core } = cpus();
  const memory = `${Math.round(totalmem() / 2 ** 30)} GiB`;
  return `${cores} cores (${core?.model.trim()}), ${memory}, ${platform()} ${arch()}, Node ${process.version}`;
}

/** rx-grpc and the packages, each with its installed version. */
export function versions(packages: readonly string[]): string[] {
  const { resolve } = createRequire(import.meta.url);
  const versionOf = (path: string): string => JSON.parse(readFileSync(path, 'utf8')).version;
  const ours = versionOf(resolve('../../package.json'));
  return [`rx-grpc ${ours}`, ...packages.map(name => `${name} ${versionOf(packageJson(name, resolve))}`)];
}

/** Not every package exports its package.json. */
function packageJson(name: string, resolve: NodeJS.RequireResolve): string {
  const folder = resolve.paths(name)!.map(path => `${path}/${name}/package.json`);
  const found = folder.find(path => {
    try {
      return readFileSync(path) !== undefined;
    } catch {
      return false;
    }
  });
  if (found === undefined) throw new Error(`${name} is not installed`);
  return found;
}
