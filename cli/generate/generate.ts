import type protobuf from 'protobufjs';
import { emitFile } from './emit-file.ts';
import type { TypeRef } from './model.ts';
import { readModel } from './read-model.ts';
import { fileScope } from './scope.ts';
import { shipped } from './shipped.ts';
import { filesOf, specifiers, withoutExtension } from './source-files.ts';

/** Definitions that were read, from which TypeScript is to be made. */
export interface Sources {
  /**
   * All definitions, resolved (`resolveTypes`). Types, enums and services have the `filename` of their source file. Their
   * `comment` and those of fields and methods, and the `comments` of an enum's values, become docstrings: parse with
   * `alternateCommentMode: true`, so that they are those of protoc.
   */
  readonly root: protobuf.Root;
  /** The files that were read, in any order, imports included. */
  readonly files: readonly SourceFile[];
}

/** One .proto file among {@link Sources}. */
export interface SourceFile {
  /** The name under which others import it, with forward slashes: `users.proto`, `google/protobuf/any.proto`. */
  readonly name: string;
  /** What the objects that it declares have as their `filename`. */
  readonly filename: string;
  /** The names of the files it imports. */
  readonly imports: readonly string[];
  /** Whether TypeScript is made of it; else it is read only for what the others refer to. */
  readonly generate: boolean;
}

export interface GenerateOptions {
  /** The type of 64-bit integers that are read. Default: `bigint`. A `number` that is not safe is an error of decoding. */
  readonly int64?: Int64 | undefined;
  /** How imports of other generated files end. Default: `js`. */
  readonly importExtension?: ImportExtension | undefined;
  /** What generated code imports at run time; one that is relative is so to the output's folder. Default: `rx-grpc/generated`. */
  readonly runtime?: string | undefined;
}

export type Int64 = 'bigint' | 'string' | 'number';
export type ImportExtension = 'js' | 'ts' | 'none';

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
