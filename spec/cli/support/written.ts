import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { generate } from '../../../cli/generate/generate.ts';
import type { GenerateOptions } from '../../../cli/generate/source-files.ts';
import { sourcesOf } from './sources.ts';

export const root: string = new URL('../../../', import.meta.url).pathname;

/** A folder for generated files inside the repository, where types and modules resolve. */
export class Written {
  readonly dir: string;

  constructor() {
    mkdirSync(`${root}node_modules/.cache`, { recursive: true });
    this.dir = mkdtempSync(`${root}node_modules/.cache/rx-grpc-gen-`);
  }

  /** Generates files into a subfolder of it. */
  add(folder: string, texts: Readonly<Record<string, string>>, options: GenerateOptions = {}): void {
    const runtime = relative(join(this.dir, folder), `${root}lib/generated.ts`);
    for (const { path, text } of generate(sourcesOf(texts), { runtime, importExtension: 'ts', ...options })) {
      const file = join(this.dir, folder, path);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, text);
    }
  }

  import(path: string): Promise<any> {
    return import(join(this.dir, path));
  }

  remove(): void {
    rmSync(this.dir, { recursive: true, force: true });
  }
}
