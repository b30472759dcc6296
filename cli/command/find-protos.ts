import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { ExitCode, Failure } from './exit-code.ts';

/** The files and folders that the arguments of the command stand for. */
export interface Found {
  /** The given files, and all files in the given folders, sorted and without duplicates. */
  readonly files: readonly string[];
  /**
   * The folders at which import names begin: those of `--include`, and those of the other arguments that are not inside
   * one of these.
   */
  readonly roots: readonly string[];
}

/**
 * Finds the files that the arguments name.
 *
 * @param onFolder called with each folder that is searched, before an error is thrown.
 * @throws Failure when an argument does not exist, or is not a .proto.
 */
export async function findProtos(
  args: readonly string[],
  include: readonly string[],
  onFolder: (folder: string) => void = () => {},
): Promise<Found> {
  const files = new Set<string>();
  const given: string[] = [];
  for (const folder of include) {
    onFolder(folder);
    if (!(await statOf(folder, '--include ')).isDirectory())
      throw new Failure(ExitCode.USAGE, `--include ${folder}: no folder`);
  }
  for (const arg of args) {
    onFolder(dirname(arg));
    if ((await statOf(arg, '')).isDirectory()) {
      given.push(arg);
      const inside = await protosIn(arg, onFolder);
      if (inside.length === 0) throw new Failure(ExitCode.USAGE, `${arg}: no .proto in this folder`);
      for (const file of inside) files.add(file);
    } else {
      if (!basename(arg).endsWith('.proto')) throw new Failure(ExitCode.USAGE, `${arg}: expected a .proto or a folder`);
      given.push(dirname(arg));
      files.add(join(arg));
    }
  }
  const outside = given.filter(folder => !include.some(each => liesIn(each, folder)));
  const roots = [...include, ...outermost(outside)];
  return { files: [...files].sort(), roots };
}

async function statOf(path: string, option: string): Promise<{ isDirectory(): boolean }> {
  try {
    return await stat(path);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new Failure(ExitCode.FILES, `${option}${path}: ${code === 'ENOENT' ? 'not found' : message}`, error);
  }
}

/** Links to folders are not followed: they may form a cycle, or lead to files that nobody meant. */
async function protosIn(folder: string, onFolder: (folder: string) => void): Promise<readonly string[]> {
  onFolder(folder);
  const found: string[] = [];
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      if (entry.name !== 'node_modules' && !entry.name.startsWith('.')) found.push(...(await protosIn(path, onFolder)));
    } else if (entry.name.endsWith('.proto')) found.push(path);
  }
  return found;
}

function outermost(folders: readonly string[]): readonly string[] {
  const all = [...new Map(folders.map(folder => [resolve(folder), folder])).values()];
  return all.filter(folder => !all.some(other => other !== folder && liesIn(other, folder)));
}

function liesIn(folder: string, path: string): boolean {
  return resolve(folder) === resolve(path) || within(folder, path) !== undefined;
}

/**
 * The path of a file relative to a folder that contains it, with forward slashes; undefined if the folder does not
 * contain it.
 */
export function within(folder: string, path: string): string | undefined {
  const name = relative(folder, path);
  // A path on another drive of Windows is absolute.
  const outside = name === '' || name === '..' || name.startsWith(`..${sep}`) || isAbsolute(name);
  return outside ? undefined : name.split(sep).join('/');
}
