import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import protobuf from 'protobufjs';
import { parseProto } from './parse-proto.ts';
import { resolveTypes } from './resolve-types.ts';

/** Reads files and all they import into a root of their own, with every name in it resolved. */
export async function readProto(files: readonly string[], includeDirs: readonly string[]): Promise<protobuf.Root> {
  const root = new protobuf.Root();
  const seen = new Set<string>();
  for (const file of files) await readInto(root, seen, includeDirs, { name: file, dirs: ['', ...includeDirs] });
  resolveTypes(root);
  return root;
}

interface Wanted {
  readonly name: string;
  /** Where it is looked up, in this order. */
  readonly dirs: readonly string[];
  readonly importer?: string;
  readonly weak?: boolean;
}

async function readInto(
  root: protobuf.Root,
  seen: Set<string>,
  includeDirs: readonly string[],
  wanted: Wanted,
): Promise<void> {
  const bundled = wellKnown.exec(wanted.name)?.[1] ?? '';
  const definition = bundled === '' ? null : protobuf.common.get(bundled);
  if (definition) {
    if (!seen.has(bundled)) root.addJSON(definition.nested!);
    seen.add(bundled);
    return;
  }
  const file = await open(wanted);
  if (file === undefined || seen.has(resolve(file.path))) return;
  seen.add(resolve(file.path));
  const { imports, weakImports } = parseProto(root, file.path, file.source);
  const dirs = [...includeDirs, dirname(file.path), '', protobufjsDir];
  for (const name of imports) await readInto(root, seen, includeDirs, { name, dirs, importer: file.path });
  for (const name of weakImports)
    await readInto(root, seen, includeDirs, { name, dirs, importer: file.path, weak: true });
}

// A copy of one of these that was found elsewhere would declare again what protobufjs brings.
const wellKnown = /(?:^|\/)(google\/protobuf\/\w+\.proto)$/;

// Here lie those that it does not bundle: google/protobuf/descriptor.proto, google/api/annotations.proto.
const protobufjsDir = dirname(createRequire(import.meta.url).resolve('protobufjs/package.json'));

async function open({ name, dirs, importer, weak }: Wanted): Promise<{ path: string; source: string } | undefined> {
  const paths = isAbsolute(name) ? [name] : dirs.map(dir => join(dir, name));
  for (const path of paths) {
    try {
      return { path, source: await readFile(path, 'utf8') };
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (code !== 'ENOENT' && code !== 'ENOTDIR')
        throw new Error(`${path}: cannot be read: ${message}`, { cause: error });
    }
  }
  if (weak) return undefined;
  const places = [...new Set(paths)].join(', ');
  throw new Error(importer ? `${importer}: imports "${name}", which is not found: ${places}` : `not found: ${places}`);
}
