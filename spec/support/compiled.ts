import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type BuildOptions, buildSync } from 'esbuild';

const root = join(import.meta.dirname, '../..');
/** With files beside their code, or loaded only when they are there. */
const external = ['@bufbuild/*', '@nestjs/*', 'esbuild', 'node-sqlite3-wasm', 'typescript'];
const done = new Map<string, string>();

/**
 * The path of a TypeScript module as JavaScript that any supported Node runs by itself: a process starts in a tenth of the
 * time that it takes with tsx. `import.meta.url` is still that of the module. Packages are in the bundle, since loading their
 * hundreds of files is most of what a process costs; those of `external` are imported.
 */
export function compiled(module: string): string {
  const known = done.get(module);
  if (known !== undefined) return known;
  const path = join(root, '.compiled', relative(root, module)).replace(/ts$/, 'js');
  mkdirSync(dirname(path), { recursive: true });
  // Other workers may be compiling the same module: a reader sees a whole file, whoever wrote it.
  const own = `${path}.${process.pid}`;
  writeFileSync(own, bundle({ entryPoints: [module] }, module));
  renameSync(own, path);
  done.set(module, path);
  return path;
}

/** The code of a module that imports from the repository's folder by `./`. `import.meta.url` is that of a module of spec/support. */
export function compiledText(code: string): string {
  return bundle({ stdin: { contents: code, resolveDir: root, loader: 'ts' } }, join(import.meta.dirname, 'module.ts'));
}

function bundle(input: BuildOptions, as: string): string {
  const { outputFiles } = buildSync({
    ...input,
    bundle: true,
    external,
    // What CommonJS packages in an ES module need.
    banner: {
      js: "import { createRequire as requireFrom } from 'node:module'; const require = requireFrom(import.meta.url);",
    },
    platform: 'node',
    format: 'esm',
    target: 'node20.19',
    define: { 'import.meta.url': JSON.stringify(pathToFileURL(as).href) },
    write: false,
    logLevel: 'warning',
  });
  return outputFiles[0]!.text;
}
