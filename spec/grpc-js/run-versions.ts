// Runs the specs of the patches with other versions of grpc-js: `npm run test:grpc-js -- 1.14.4 latest`. Without arguments, it runs every
// published 1.14.x from 1.14.4 on and `latest`. Each version gets a temporary copy of the sources and a node_modules of links in which only
// @grpc/grpc-js differs.
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../..');
const PACKAGE = '@grpc/grpc-js';
const OLDEST = 4; // the minor version of package.json
const copied = ['lib', 'dist', 'spec', 'protos', 'package.json', 'tsconfig.json', '.mocharc.json'];
const specs = ['spec/grpc-js/*.spec.ts'];

const npm = (...args: string[]): string =>
  execFileSync('npm', args, { encoding: 'utf8', shell: process.platform === 'win32' });

function publishedVersions(): readonly string[] {
  const all: readonly string[] = JSON.parse(npm('view', PACKAGE, 'versions', '--json'));
  const of1_14 = all.filter(version => /^1\.14\.\d+$/.test(version) && Number(version.split('.')[2]) >= OLDEST);
  const latest = npm('view', PACKAGE, 'version').trim();
  return [...new Set([...of1_14, latest])];
}

/** A copy of this project with this version of grpc-js. */
function projectWith(version: string, folder: string): void {
  for (const name of copied) cpSync(join(root, name), join(folder, name), { recursive: true });
  const modules = join(root, 'node_modules');
  const copy = join(folder, 'node_modules');
  mkdirSync(join(copy, '@grpc'), { recursive: true });
  for (const name of readdirSync(modules)) {
    if (name !== '@grpc' && !name.startsWith('.package'))
      symlinkSync(join(modules, name), join(copy, name), 'junction');
  }
  for (const name of readdirSync(join(modules, '@grpc'))) {
    const target = join(copy, '@grpc', name);
    if (name !== 'grpc-js') symlinkSync(join(modules, '@grpc', name), target, 'junction');
  }
  const packed = npm('pack', '--silent', '--pack-destination', folder, `${PACKAGE}@${version}`).trim();
  const own = join(copy, '@grpc/grpc-js');
  mkdirSync(own);
  execFileSync('tar', ['-xzf', join(folder, packed), '-C', own, '--strip-components=1']);
}

const given = process.argv.slice(2);
const versions = given.length > 0 ? given : publishedVersions();
const failed: string[] = [];
for (const version of versions) {
  const folder = mkdtempSync(join(tmpdir(), 'grpc-js-version-'));
  try {
    projectWith(version, folder);
    console.log(`\n== ${PACKAGE} ${version}`);
    const mocha = join(folder, 'node_modules/mocha/bin/mocha.js');
    const { status } = spawnSync(process.execPath, [mocha, '--reporter', 'dot', ...specs], {
      cwd: folder,
      stdio: 'inherit',
    });
    if (status !== 0) failed.push(version);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
console.log(
  `\n${versions.length - failed.length} versions of ${PACKAGE} pass${failed.length > 0 ? `, ${failed.join(', ')} fail` : ''}`,
);
process.exitCode = failed.length > 0 ? 1 : 0;
