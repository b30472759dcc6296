import { posix } from 'node:path';
import protobuf from 'protobufjs';
import { fullName } from '../../lib/codec/reflection.ts';
import type { FileOf } from './read-model.ts';
import { shipped } from './shipped.ts';

/** The parsed definitions to generate TypeScript from. */
export interface Sources {
  /**
   * All definitions, resolved (`resolveTypes`). Types, enums and services have the `filename` of their source file. The
   * `comment` of types, fields and methods, and the `comments` of enum values, become docstrings. Parse with
   * `alternateCommentMode: true`, so that they match protoc's.
   */
  readonly root: protobuf.Root;
  /** The parsed files in any order, including imports. */
  readonly files: readonly SourceFile[];
}

/** One .proto file among {@link Sources}. */
export interface SourceFile {
  /** The name under which others import it, with forward slashes: `users.proto`, `google/protobuf/any.proto`. */
  readonly name: string;
  /** The `filename` of the objects that the file declares. */
  readonly filename: string;
  /** The names of the files it imports. */
  readonly imports: readonly string[];
  /** Whether to generate TypeScript for the file. If not, the file only resolves references from others. */
  readonly generate: boolean;
}

export interface GenerateOptions {
  /** The type of decoded 64-bit integers. Default: `bigint`. With `number`, an unsafe integer is a decoding error. */
  readonly int64?: Int64 | undefined;
  /** The extension in imports of other generated files. Default: `js`. */
  readonly importExtension?: ImportExtension | undefined;
  /**
   * The module that generated code imports at run time. A relative path is relative to the output folder. Default:
   * `rx-grpc/generated`.
   */
  readonly runtime?: string | undefined;
}

export type Int64 = 'bigint' | 'string' | 'number';
export type ImportExtension = 'js' | 'ts' | 'none';

/** Returns a function that finds the import name of the file that declares an object. */
export function filesOf({ files }: Sources): FileOf {
  const names = new Map(files.map(file => [file.filename, file.name]));
  return object => {
    let outermost = object;
    for (let each: protobuf.ReflectionObject | null = object; each; each = each.parent) {
      const name = each.filename ? names.get(each.filename) : undefined;
      if (name !== undefined) return name;
      if (each instanceof protobuf.Type || each instanceof protobuf.Enum) outermost = each;
    }
    // protobufjs bundles these files parsed, without a file name.
    const wellKnown = bundled.get(fullName(outermost));
    if (wellKnown !== undefined) return `google/protobuf/${wellKnown}.proto`;
    throw new Error(`${object.filename ?? ''}: ${fullName(object)}: its file is not among the sources`);
  };
}

/** The import specifiers of the runtime and of other generated files, in the file `name`. */
export function specifiers(
  name: string,
  files: readonly SourceFile[],
  { runtime = 'rx-grpc/generated', importExtension = 'js' }: GenerateOptions,
): { runtime: string; ofFile: (name: string) => string } {
  const generated = new Set(files.filter(file => file.generate).map(file => file.name));
  const extension = importExtension === 'none' ? '' : `.${importExtension}`;
  // A relative path is relative to the output folder.
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

// The files of google/protobuf that declare several types, or a type with another name than the file.
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
