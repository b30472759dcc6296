import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { install, link } from './install.ts';

/**
 * Compiles the programs of a folder of bench/ with its tsconfig.json, so that they run in plain Node: a loader for TypeScript
 * in each process would be measured, too. What they import is installed if it is not.
 *
 * @throws Error when rx-grpc is not built, or the compiler finds an error.
 */
export function build(folder: string): void {
  if (!existsSync(join(import.meta.dirname, '../../dist/index.js'))) throw new Error('first: npm run build');
  install();
  link(import.meta.dirname);
  link(folder);
  const typescript = dirname(createRequire(import.meta.url).resolve('typescript/package.json'));
  execFileSync(process.execPath, [join(typescript, 'bin/tsc'), '-p', folder], { stdio: 'inherit' });
}
