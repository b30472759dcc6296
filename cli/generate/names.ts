import type { FileModel, TypeRef } from './model.ts';

/** The export names of one file. */
export interface ExportedNames {
  /** By the full name in the .proto. */
  readonly types: ReadonlyMap<string, TypeNames>;
  readonly services: ReadonlyMap<string, string>;
  /** The names that are in use, and those that no declaration may have. */
  readonly taken: ReadonlySet<string>;
}

export interface TypeNames {
  readonly name: string;
  /** For a message, the name of its type for writing. */
  readonly init: string;
}

/**
 * Names the exports of a file: `Outer_Inner` for a nested type, `UserInit` for a type for writing. A name that is
 * taken, or is not valid in TypeScript, gets a `$`, which cannot occur in a .proto. Declared names take precedence.
 */
export function exportedNames({ types, services }: FileModel): ExportedNames {
  const taken = new Set(reserved);
  const names = new Map<string, string>();
  const inOrder = [...types].sort((a, b) => Math.min(a.path.length, 2) - Math.min(b.path.length, 2));
  for (const { fullName, path } of inOrder.filter(each => each.path.length === 1))
    names.set(fullName, take(path[0]!, taken));
  const serviceNames = new Map(services.map(({ fullName, name }) => [fullName, take(name, taken)]));
  for (const { fullName, path } of inOrder.filter(each => each.path.length > 1)) {
    names.set(fullName, take(path.join('_'), taken));
  }
  const ofTypes = new Map<string, TypeNames>();
  for (const { fullName, kind } of types) {
    const name = names.get(fullName)!;
    ofTypes.set(fullName, { name, init: kind === 'message' ? take(`${name}Init`, taken) : name });
  }
  return { types: ofTypes, services: serviceNames, taken };
}

/** The names of a type in a file that is not available. That file has no other names that could conflict. */
export function simpleNames({ path }: TypeRef): TypeNames {
  const name = path.join('_');
  return { name, init: `${name}Init` };
}

/** Takes a name, with as many `$` appended as it needs to be free. */
export function take(name: string, taken: Set<string>): string {
  const free = freeName(name, taken);
  taken.add(free);
  return free;
}

export function freeName(name: string, taken: ReadonlySet<string>): string {
  let free = name;
  while (taken.has(free)) free += '$';
  return free;
}

/** Words that are not valid as names of types or exports, but may be names of variables. */
export const typeWords: readonly string[] =
  'any unknown never object number bigint boolean string symbol type from as of'.split(' ');

// Names that a module cannot declare: keywords, names of types, names that TypeScript reserves in CommonJS, and the
// names in generated functions.
const reserved = new Set([
  ...typeWords,
  ...(
    'break case catch class const continue debugger default delete do else enum export extends false finally for function if ' +
    'import in instanceof new null return super switch this throw true try typeof var void while with implements interface let ' +
    'package private protected public static yield await async arguments eval ' +
    'undefined NaN Infinity globalThis require exports Object ' +
    '$ r w m i k n depth end tag into map key value outer'
  ).split(' '),
]);
