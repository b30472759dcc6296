import type { FileModel, TypeRef } from './model.ts';

/** The names of what one file exports. */
export interface ExportedNames {
  /** By the full name in the .proto. */
  readonly types: ReadonlyMap<string, TypeNames>;
  readonly services: ReadonlyMap<string, string>;
  /** All of them, and those that nothing in a file may have. */
  readonly taken: ReadonlySet<string>;
}

export interface TypeNames {
  readonly name: string;
  /** Of a message: its type for writing. */
  readonly init: string;
}

/**
 * Gives the exports of a file their names: `Outer_Inner` to a nested type, `UserInit` to a type for writing. What would be there
 * twice, or is no name in TypeScript, gives way with a `$`, which no name in a .proto has; declared names are served first.
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

/** The names that a file not at hand exports: it has no others that could be in their way. */
export function simpleNames({ path }: TypeRef): TypeNames {
  const name = path.join('_');
  return { name, init: `${name}Init` };
}

/** Takes a name that is still free, or one with as many `$` behind it as it needs. */
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

/** Words that are no names of types, or of exports, though they may be names of variables. */
export const typeWords: readonly string[] =
  'any unknown never object number bigint boolean string symbol type from as of'.split(' ');

// What cannot be declared in a module: words of the language, names of types, what TypeScript keeps for itself in CommonJS, and
// the names within generated functions.
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
