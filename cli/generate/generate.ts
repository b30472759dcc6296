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
  /** The path relative to the output folder, with forward slashes: the import name with `.ts` instead of `.proto`. */
  readonly path: string;
  readonly text: string;
}

/**
 * Generates the TypeScript of each file, in the order of `sources.files`. Files `google/protobuf/*.proto` that are not
 * to be generated are imported from this package. Pure: the same sources give the same text.
 *
 * @throws Error that names the file and the declaration when two names would be the same in TypeScript.
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

/** Whether one file imports another, directly or through others. */
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
