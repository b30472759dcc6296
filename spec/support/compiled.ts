import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type BuildOptions, buildSync, type OutputFile } from 'esbuild';

const root = join(import.meta.dirname, '../..');
const out = join(root, '.compiled');
const chunks = join(out, 'chunks');
/** Packages that read files beside their code, or are loaded only if installed. */
const external = ['@bufbuild/*', '@nestjs/*', 'esbuild', 'node-sqlite3-wasm', 'typescript'];
const done = new Map<string, string>();

/**
 * The path of a TypeScript module as JavaScript that any supported Node runs without tsx, which makes a process start ten times
 * faster. `import.meta.url` is the URL of the TypeScript module. The bundle contains packages, because loading their hundreds of
 * files is most of the cost of a start; it imports those in `external`.
 */
export function compiled(module: string): string {
  const known = done.get(module);
  if (known !== undefined) return known;
  const path = compiledPath(module);
  write(path, bundle({ entryPoints: [module] }, module)[0]!.contents);
  done.set(module, path);
  return path;
}

/**
 * Compiles many modules at once, for {@link compiledPath}. They share the code of packages and of this library, which makes this a
 * tenth of the work of compiling each module alone. `import.meta.url` is the URL of the JavaScript, in a folder below the repository.
 */
export function compileAll(modules: readonly string[]): void {
  const split = { entryPoints: [...modules], splitting: true, outdir: out, outbase: root, chunkNames: 'chunks/[hash]' };
  const files = bundle(split);
  const isChunk = ({ path }: OutputFile) => path.startsWith(chunks + sep);
  // A module exists only when everything it imports exists.
  for (const { path, contents } of [...files.filter(isChunk), ...files.filter(file => !isChunk(file))]) {
    write(path, contents);
  }
}

/** The path of a module's JavaScript. */
export function compiledPath(module: string): string {
  return join(out, relative(root, module)).replace(/ts$/, 'js');
}

/** Compiles code that imports relative to the repository by `./`. `import.meta.url` is that of a module in spec/support. */
export function compiledText(code: string): string {
  const input = { stdin: { contents: code, resolveDir: root, loader: 'ts' } } as const;
  return bundle(input, join(import.meta.dirname, 'module.ts'))[0]!.text;
}

/** Writes a file atomically: other workers may write and read it at the same time. */
function write(path: string, contents: Uint8Array): void {
  mkdirSync(dirname(path), { recursive: true });
  const own = `${path}.${process.pid}`;
  writeFileSync(own, contents);
  renameSync(own, path);
}

/** @param as The module whose URL `import.meta.url` becomes; without it, `import.meta.url` is unchanged. */
function bundle(input: BuildOptions, as?: string): readonly OutputFile[] {
  const { outputFiles } = buildSync({
    ...input,
    bundle: true,
    external,
    // Needed by CommonJS packages inside an ES module.
    banner: {
      js: "import { createRequire as requireFrom } from 'node:module'; const require = requireFrom(import.meta.url);",
    },
    platform: 'node',
    format: 'esm',
    target: 'node20.19',
    define: as === undefined ? {} : { 'import.meta.url': JSON.stringify(pathToFileURL(as).href) },
    // `dist` has bare imports of chunks, which `sideEffects` of package.json makes esbuild warn of.
    logOverride: { 'ignored-bare-import': 'silent' },
    write: false,
    logLevel: 'warning',
  });
  return outputFiles!;
}
