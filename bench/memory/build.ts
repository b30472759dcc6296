import { execFileSync } from 'node:child_process';
import { existsSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('.', import.meta.url));
const root = join(folder, '../..');

/**
 * Compiles the participants, so that they run in plain Node: a loader for TypeScript in each process would be measured,
 * too. `rx-grpc` is for them the repository as it was built.
 *
 * @throws Error when something is not installed or not built.
 */
export function build(): void {
  if (!existsSync(join(folder, 'node_modules'))) throw new Error('first: npm --prefix bench/memory ci');
  if (!existsSync(join(root, 'dist/index.js'))) throw new Error('first: npm run build');
  const link = join(folder, 'node_modules/rx-grpc');
  if (!existsSync(link)) symlinkSync(root, link, 'junction');
  const typescript = dirname(createRequire(import.meta.url).resolve('typescript/package.json'));
  execFileSync(process.execPath, [join(typescript, 'bin/tsc'), '-p', folder], { stdio: 'inherit' });
}
