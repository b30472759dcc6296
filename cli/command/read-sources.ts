import { ProtoError, protoError } from '../../lib/codec/proto-error.ts';
import { protobufjsDirs, type ReadFile, readProtos } from '../../lib/codec/read-proto.ts';
import { shipped } from '../generate/shipped.ts';
import type { SourceFile, Sources } from '../generate/source-files.ts';
import { checkImports } from './check-imports.ts';
import { ExitCode, Failure } from './exit-code.ts';
import { type Found, within } from './find-protos.ts';
import { setComments } from './set-comments.ts';

/**
 * Reads the given .proto files and their imports.
 *
 * @param onPath called with each path that is tried, whether the file exists or not.
 * @throws Failure
 */
export async function readSources(found: Found, onPath?: (path: string) => void): Promise<Sources> {
  const wanted = found.files.map(name => ({ name, dirs: [''] }));
  const { root, files, outlines } = await readProtos(wanted, found.roots, onPath).catch(failed);
  const names = new Map(files.map(file => [file, importName(file, found.roots)]));
  const sources: SourceFile[] = files.map(file => ({
    name: names.get(file)!,
    filename: file.path,
    imports: file.imports.map(each => names.get(each)!),
    generate: !shipped.has(names.get(file)!),
  }));
  try {
    checkImports(root, files);
  } catch (error) {
    failed(error);
  }
  for (const [path, { declarations }] of outlines) setComments(root, path, name => declarations.get(name)?.comment);
  return { root, files: sources.sort((a, b) => (a.name < b.name ? -1 : 1)) };
}

/** Converts an error about .proto files to a Failure. */
function failed(error: unknown): never {
  const { message, cause } = error as Error;
  const unread = !(error instanceof ProtoError) && typeof (cause as { code?: unknown } | undefined)?.code === 'string';
  throw new Failure(unread ? ExitCode.FILES : ExitCode.PROTO, message, error);
}

/**
 * The name under which a file is imported. Two names for one file would mean two TypeScript files with the same
 * messages.
 */
function importName(file: ReadFile, roots: readonly string[]): string {
  if (!file.outline) return file.path;
  let name: string | undefined;
  let by = '';
  for (const { name: asked, dir, importer, place } of file.asked) {
    if (importer !== undefined && !portable.test(asked)) {
      throw new Failure(
        ExitCode.PROTO,
        protoError(importer, place, `imports "${asked}": expected a path from a folder of --include, without . and ..`)
          .message,
      );
    }
    const isRoot = importer !== undefined && (roots.includes(dir) || protobufjsDirs.includes(dir));
    const root = roots.find(each => within(each, file.path) !== undefined);
    const own = isRoot ? asked : root === undefined ? importer !== undefined && asked : within(root, file.path);
    if (!own) throw new Failure(ExitCode.USAGE, `${file.path}: lies in no folder of --include (${roots.join(', ')})`);
    const called = importer === undefined ? `${own} as it is given` : `${own} as ${importer} imports it`;
    if (name !== undefined && own !== name) {
      throw new Failure(ExitCode.USAGE, `${file.path} is ${by}, and ${called}: expected one --include for both`);
    }
    name = own;
    by = called;
  }
  return name!;
}

// The paths that protoc accepts: no backslash, no empty part, no . and no ..
const portable = /^(?!\/)(?:(?!\.\.?(?:\/|$))[^\\/]+(?:\/(?!$)|$))+$/;
