import { emitFile } from './emit-file.ts';
import type { TypeRef } from './model.ts';
import { readModel } from './read-model.ts';
import { fileScope } from './scope.ts';
import { shipped } from './shipped.ts';
import {
  filesOf,
  type GenerateOptions,
  type SourceFile,
  type Sources,
  specifiers,
  withoutExtension,
} from './source-files.ts';

/** One file to write. */
export interface GeneratedFile {
  /** Relative to the folder of the output, with forward slashes: the file's import name, its `.proto` replaced by `.ts`. */
  readonly path: string;
  readonly text: string;
}

/**
 * The TypeScript of each file to generate, in the order of `sources.files`. Files `google/protobuf/*.proto` that are not to be
 * generated are imported from this package. Pure: the same sources give the same text.
 *
 * @throws Error that names file and declaration, where two of its names would be one in TypeScript.
 */
export function generate(sources: Sources, options: GenerateOptions = {}): readonly GeneratedFile[] {
  const models = readModel(sources.root, filesOf(sources));
  const later = reachable(sources.files);
  return sources.files
    .filter(file => file.generate)
    .map(({ name }) => {
      const model = models.get(name) ?? { name, types: [], services: [] };
      const specifier = specifiers(name, sources.files, options);
      const int64 = shipped.has(name) ? 'bigint' : (options.int64 ?? 'bigint');
      const scope = fileScope(model, models, int64, specifier.ofFile);
      const isLater = (ref: TypeRef): boolean => later(ref.file, name);
      return { path: `${withoutExtension(name)}.ts`, text: emitFile(scope, model, specifier.runtime, isLater) };
    });
}

/** Whether one file imports another, be it through others. */
function reachable(files: readonly SourceFile[]): (from: string, to: string) => boolean {
  const imports = new Map(files.map(file => [file.name, file.imports]));
  const known = new Map<string, ReadonlySet<string>>();
  return (from, to) => {
    let all = known.get(from);
    if (!all) {
      const open = new Set(imports.get(from));
      for (const name of open) for (const next of imports.get(name) ?? []) open.add(next);
      known.set(from, (all = open));
    }
    return all.has(to);
  };
}
