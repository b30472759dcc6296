import type { FieldModel, FileModel, TypeRef } from './model.ts';
import { type ExportedNames, exportedNames, simpleNames, type TypeNames, take } from './names.ts';
import { listed, quoted } from './text.ts';

/** The imports of a file from other generated files. */
export interface Imports {
  /** The local names of a type from another file. */
  names(ref: TypeRef): TypeNames;
  /** The import statements. */
  readonly statements: readonly (readonly [specifier: string, statement: string])[];
}

type Local = Record<keyof TypeNames, string> & { readonly ref: TypeRef; exported: TypeNames; asValue: boolean };

/**
 * Names everything that a file imports: by its exported name, or with a `$` if that name is taken.
 *
 * @param specifier returns the import specifier for the import name of a file.
 */
export function importsOf(
  file: FileModel,
  files: ReadonlyMap<string, FileModel>,
  taken: Set<string>,
  specifier: (name: string) => string,
): Imports {
  const locals = new Map<string, Local>();
  const foreign = new Map<string, ExportedNames>();
  const exportedBy = (ref: TypeRef): TypeNames => {
    const model = files.get(ref.file);
    const names = foreign.get(ref.file) ?? (model && exportedNames(model));
    if (names) foreign.set(ref.file, names);
    return names?.types.get(ref.fullName) ?? simpleNames(ref);
  };
  for (const { ref, asValue } of usesOf(file)) {
    if (ref.file === file.name) continue;
    const known = locals.get(ref.fullName);
    if (known) known.asValue ||= asValue;
    else {
      const exported = exportedBy(ref);
      const name = take(exported.name, taken);
      const init = ref.kind === 'message' ? take(exported.init, taken) : name;
      locals.set(ref.fullName, { ref, name, init, exported, asValue });
    }
  }
  const all = [...locals.values()];
  const specifiers = new Set(all.map(each => specifier(each.ref.file)));
  return {
    names: ref => locals.get(ref.fullName)!,
    statements: [...specifiers].map(from => [
      from,
      statement(
        all.filter(each => specifier(each.ref.file) === from),
        from,
      ),
    ]),
  };
}

function usesOf({ types, services }: FileModel): { ref: TypeRef; asValue: boolean }[] {
  const uses: { ref: TypeRef; asValue: boolean }[] = [];
  const useField = ({ value }: FieldModel): void => {
    if (value.ref) uses.push({ ref: value.ref, asValue: value.ref.kind === 'message' || value.closed });
  };
  for (const type of types) {
    if (type.kind !== 'message') continue;
    for (const property of type.properties) {
      if (property.shape === 'oneof') property.members.forEach(useField);
      else useField(property);
    }
  }
  for (const { request, response } of services.flatMap(service => service.methods)) {
    uses.push({ ref: request, asValue: true }, { ref: response, asValue: true });
  }
  return uses;
}

function statement(locals: readonly Local[], specifier: string): string {
  const items = locals.flatMap(({ ref, name, init, exported, asValue }) => {
    const prefix = asValue ? '' : 'type ';
    const own = [{ name: exported.name, text: `${prefix}${renamed(exported.name, name)}` }];
    if (ref.kind === 'enum') return own;
    return [...own, { name: exported.init, text: `type ${renamed(exported.init, init)}` }];
  });
  items.sort((a, b) => (a.name < b.name ? -1 : 1));
  const onlyTypes = items.every(item => item.text.startsWith('type '));
  const names = items.map(item => (onlyTypes ? item.text.slice('type '.length) : item.text));
  return listed(`import ${onlyTypes ? 'type ' : ''}`, '{', names, `} from ${quoted(specifier)};`);
}

function renamed(exported: string, local: string): string {
  return exported === local ? local : `${exported} as ${local}`;
}
