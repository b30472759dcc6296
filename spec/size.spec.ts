import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect } from 'chai';
import { build } from 'esbuild';

const root = join(import.meta.dirname, '..');
const page = readFileSync(join(root, 'docs/performance.md'), 'utf8');

/** The limit in a row of the table in docs/performance.md, in bytes. */
function limitOf(row: string): number {
  const line = page.split('\n').find(each => each.startsWith(`| ${row} |`));
  const kib = /\| ([\d,]+) KiB \|$/.exec(line ?? '')?.[1];
  expect(kib, `docs/performance.md: a row "${row}" that ends with a limit`).to.be.a('string');
  return Number(kib!.replaceAll(',', '')) * 1024;
}

/** The code that an import loads at once, minified, without the packages that this one depends on. */
async function bundled(specifier: string): Promise<Uint8Array> {
  const { outputFiles } = await build({
    stdin: { contents: `export * from '${specifier}';`, resolveDir: root },
    bundle: true,
    splitting: true,
    minify: true,
    platform: 'node',
    format: 'esm',
    target: 'node20.19',
    external: ['@grpc/*', 'protobufjs', 'rxjs'],
    outdir: 'out',
    logLevel: 'error',
    write: false,
  });
  return outputFiles.find(file => file.path.endsWith('stdin.js'))!.contents;
}

interface Packed {
  readonly size: number;
  readonly unpackedSize: number;
}

/** The result of `npm pack` for the current build. */
function packed(...args: readonly string[]): Packed {
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  const output = execFileSync(npm, ['pack', '--dry-run', '--ignore-scripts', '--json', ...args], { cwd: root });
  return Object.values<Packed>(JSON.parse(output.toString()))[0]!;
}

/** Within the limit, and close enough to it to make the limit meaningful. */
function expectWithin(bytes: number, row: string): void {
  const limit = limitOf(row);
  expect(bytes, row).to.be.within(limit / 2, limit);
}

describe('The size', () => {
  it("of the code that `import 'rx-grpc'` loads is within the documented limit", async () => {
    const code = await bundled('rx-grpc');
    expectWithin(code.length, "`import 'rx-grpc'`, minified");
    expectWithin(gzipSync(code).length, "`import 'rx-grpc'`, minified and gzipped");
  });

  it('of the package is within the documented limit', () => {
    const { size, unpackedSize } = packed();
    expectWithin(size, 'the package `rx-grpc`, packed');
    expectWithin(unpackedSize, 'the package `rx-grpc`, installed');
  });
});
