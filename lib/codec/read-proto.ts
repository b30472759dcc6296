import { readFile, realpath } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, isAbsolute, join } from 'node:path';
import protobuf from 'protobufjs';
import { thisFile } from '../core/this-file.ts';
import { checkProto, checkSyntax } from './check-proto.ts';
import { parseProto } from './parse-proto.ts';
import { type Place, protoError } from './proto-error.ts';
import { type Outline, protoOutline } from './proto-outline.ts';
import { resolveTypes } from './resolve-types.ts';

/** Reads files and their imports into a new root, with every name resolved. */
export async function readProto(files: readonly string[], includeDirs: readonly string[]): Promise<protobuf.Root> {
  const dirs = ['', ...includeDirs];
  return (
    await readProtos(
      files.map(name => ({ name, dirs })),
      includeDirs,
    )
  ).root;
}

/** A file that was read. */
export interface ReadFile {
  /**
   * The path where the file was found, which is the filename of its objects. For files that protobufjs bundles, the
   * import name.
   */
  readonly path: string;
  /** Undefined for files that protobufjs bundles, which have no text. */
  readonly outline: Outline | undefined;
  /** The requests for the file, each with the folder in which it was found. */
  readonly asked: (Wanted & { readonly dir: string })[];
  readonly imports: ReadFile[];
  /** The public imports among `imports`, whose declarations are visible to importers of this file. */
  readonly publicImports: ReadFile[];
}

/** A file to be read. */
export interface Wanted {
  readonly name: string;
  /** The folders to search, in this order. */
  readonly dirs: readonly string[];
  readonly importer?: string;
  readonly place?: Place;
  readonly weak?: boolean;
}

interface Reading {
  readonly root: protobuf.Root;
  readonly includeDirs: readonly string[];
  /** By real path, so that links to one file are one file. */
  readonly files: Map<string, ReadFile>;
  readonly onPath: (path: string) => void;
}

/**
 * Reads files and their imports.
 *
 * @param onPath called with each path that is tried, whether the file exists or not, before an error is thrown.
 * @throws ProtoError when a file is invalid or an import is not found; Error when a wanted file cannot be read.
 */
export async function readProtos(
  wanted: readonly Wanted[],
  includeDirs: readonly string[],
  onPath: (path: string) => void = () => {},
): Promise<{ root: protobuf.Root; files: readonly ReadFile[]; outlines: ReadonlyMap<string, Outline> }> {
  const reading: Reading = { root: new protobuf.Root(), includeDirs, files: new Map(), onPath };
  for (const each of wanted) await readInto(reading, each);
  const files = [...reading.files.values()];
  const outlines = new Map(files.flatMap(({ path, outline }) => (outline ? [[path, outline] as const] : [])));
  resolveTypes(reading.root, outlines);
  checkProto(reading.root, outlines);
  return { root: reading.root, files, outlines };
}

async function readInto(reading: Reading, wanted: Wanted): Promise<ReadFile | undefined> {
  const bundled = addBundled(reading.root, wanted.name);
  if (bundled !== undefined) {
    const file = reading.files.get(bundled) ?? {
      path: bundled,
      outline: undefined,
      asked: [],
      imports: [],
      publicImports: [],
    };
    reading.files.set(bundled, file);
    return file;
  }
  const found = await open(wanted, reading.onPath);
  if (found === undefined) return undefined;
  const { path, dir, source } = found;
  const real = await realpath(path);
  const known = reading.files.get(real);
  if (known) {
    known.asked.push({ ...wanted, dir });
    return known;
  }
  const { imports, weakImports } = parseProto(reading.root, path, source);
  const outline = protoOutline(source);
  checkSyntax(path, outline);
  const file: ReadFile = { path, outline, asked: [{ ...wanted, dir }], imports: [], publicImports: [] };
  reading.files.set(real, file);
  const dirs = [...reading.includeDirs, dirname(path), '', ...protobufjsDirs];
  for (const name of [...imports, ...weakImports]) {
    const place = outline.imports.find(each => each.name === name);
    const weak = weakImports.includes(name);
    const imported = await readInto(reading, { name, dirs, importer: path, weak, ...(place && { place }) });
    if (imported) file.imports.push(imported);
    if (imported && place?.isPublic) file.publicImports.push(imported);
  }
  return file;
}

/** Adds a well-known file that protobufjs bundles. Returns its import name, or undefined for any other file. */
export function addBundled(root: protobuf.Root, name: string): string | undefined {
  const path = wellKnown.exec(name)?.[1] ?? '';
  const definition = path === '' ? null : protobuf.common.get(path);
  if (!definition) return undefined;
  const names = Object.keys((definition.nested as any).google.nested.protobuf.nested);
  if (root.lookup(`.google.protobuf.${names[0]}`)) return path;
  root.addJSON(definition.nested!);
  for (const each of names) setFilename(root.lookup(`.google.protobuf.${each}`)!, path);
  return path;
}

// Matches in any folder: a copy of such a file would declare the same names again.
const wellKnown = /(?:^|\/)(google\/protobuf\/\w+\.proto)$/;

function setFilename(object: protobuf.ReflectionObject, path: string): void {
  object.filename = path;
  if (object instanceof protobuf.Namespace) for (const nested of object.nestedArray) setFilename(nested, path);
}

/**
 * The folder of protobufjs, with the .proto files that it does not bundle: google/protobuf/descriptor.proto,
 * google/api/annotations.proto. Empty if this library runs in a bundle without protobufjs installed beside it.
 */
export const protobufjsDirs: readonly string[] = findProtobufjs();

function findProtobufjs(): readonly string[] {
  try {
    return [dirname(createRequire(thisFile).resolve('protobufjs/package.json'))];
  } catch {
    return [];
  }
}

/** A bundler includes JavaScript, but not .proto files. */
const bundleHint =
  protobufjsDirs.length > 0
    ? ''
    : '. In a bundle, put .proto files beside it and name their folder in includeDirs, or generate code with the package rx-grpc-cli';

async function open(
  { name, dirs, importer, place, weak }: Wanted,
  onPath: (path: string) => void,
): Promise<{ path: string; dir: string; source: string } | undefined> {
  const paths = new Map(isAbsolute(name) ? [[name, '']] : dirs.map(dir => [join(dir, name), dir]));
  for (const [path, dir] of paths) {
    onPath(path);
    try {
      return { path, dir, source: await readFile(path, 'utf8') };
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (code !== 'ENOENT' && code !== 'ENOTDIR')
        throw new Error(`${path}: cannot be read: ${message}`, { cause: error });
    }
  }
  if (weak) return undefined;
  const places = [...paths.keys()].join(', ');
  if (importer === undefined) throw new Error(`not found: ${places}${bundleHint}`);
  throw protoError(importer, place, `imports "${name}", which is not found: ${places}${bundleHint}`);
}
