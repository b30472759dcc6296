import { posix } from 'node:path';
import protobuf from 'protobufjs';
import { fullName } from '../../lib/codec/reflection.ts';
import type { FileOf } from './read-model.ts';
import { shipped } from './shipped.ts';

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

/** Finds the import name of the file that declares something. */
export function filesOf({ files }: Sources): FileOf {
  const names = new Map(files.map(file => [file.filename, file.name]));
  return object => {
    let outermost = object;
    for (let each: protobuf.ReflectionObject | null = object; each; each = each.parent) {
      const name = each.filename ? names.get(each.filename) : undefined;
      if (name !== undefined) return name;
      if (each instanceof protobuf.Type || each instanceof protobuf.Enum) outermost = each;
    }
    // protobufjs brings these parsed already, without the name of a file.
    const wellKnown = bundled.get(fullName(outermost));
    if (wellKnown !== undefined) return `google/protobuf/${wellKnown}.proto`;
    throw new Error(`${object.filename ?? ''}: ${fullName(object)}: its file is not among the sources`);
  };
}

/** What the runtime and other generated files are imported from in the file `name`. */
export function specifiers(
  name: string,
  files: readonly SourceFile[],
  { runtime = 'rx-grpc/generated', importExtension = 'js' }: GenerateOptions,
): { runtime: string; ofFile: (name: string) => string } {
  const generated = new Set(files.filter(file => file.generate).map(file => file.name));
  const extension = importExtension === 'none' ? '' : `.${importExtension}`;
  // One that is relative is so to the output's folder.
  const toRoot = name
    .split('/')
    .slice(1)
    .map(() => '../')
    .join('');
  const fromHere = (path: string): string =>
    path.startsWith('.') ? `${toRoot}${path.replace(/^\.\/(?=.)/, toRoot ? '' : './')}` : path;
  return {
    runtime: fromHere(runtime),
    ofFile: other => {
      if (!shipped.has(other) || generated.has(other)) return relative(name, `${withoutExtension(other)}${extension}`);
      return fromHere(runtime.replace(/generated(\.\w+)?$/, `${withoutExtension(other)}$1`));
    },
  };
}

export function withoutExtension(name: string): string {
  return name.replace(/\.proto$/, '');
}

function relative(from: string, to: string): string {
  const path = posix.relative(posix.dirname(`/${from}`), `/${to}`);
  return path.startsWith('.') ? path : `./${path}`;
}

// The files of google/protobuf that declare more than one type, or one of another name.
const bundled: ReadonlyMap<string, string> = new Map(
  Object.entries({
    any: 'Any',
    duration: 'Duration',
    empty: 'Empty',
    field_mask: 'FieldMask',
    struct: 'Struct Value ListValue NullValue',
    timestamp: 'Timestamp',
    wrappers: 'DoubleValue FloatValue Int64Value UInt64Value Int32Value UInt32Value BoolValue StringValue BytesValue',
  }).flatMap(([file, types]) => types.split(' ').map(type => [`google.protobuf.${type}`, file])),
);
