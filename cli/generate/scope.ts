import { importsOf } from './imports.ts';
import type { FileModel, Scalar, TypeRef, ValueModel } from './model.ts';
import { exportedNames, freeName, type TypeNames, take, typeWords } from './names.ts';

/** The names within one generated file. */
export interface Scope {
  readonly int64: 'bigint' | 'string' | 'number';
  /** For a message, its types for reading and for writing; for an enum, its type. */
  names(ref: TypeRef): TypeNames;
  /** The functions that read and write a message's fields. */
  read(ref: TypeRef): string;
  write(ref: TypeRef): string;
  /** For a message of this file, the constant with its property names. */
  keys(ref: TypeRef): string;
  service(fullName: string): string;
  /** Takes a name for a function of this file. */
  own(name: string): string;
  /** A name for a variable that holds a property. It differs from every other name of the file. */
  local(key: string): string;
  readonly imports: readonly (readonly [specifier: string, statement: string])[];
}

/** Makes the scope of a file. `specifier` returns the import specifier for the import name of a file. */
export function fileScope(
  file: FileModel,
  files: ReadonlyMap<string, FileModel>,
  int64: Scope['int64'],
  specifier: (name: string) => string,
): Scope {
  const exported = exportedNames(file);
  const taken = new Set(exported.taken);
  const functions = new Map<string, { read: string; write: string; keys: string }>();
  for (const { kind, fullName } of file.types) {
    if (kind !== 'message') continue;
    const { name } = exported.types.get(fullName)!;
    functions.set(fullName, {
      read: take(`read${name}`, taken),
      write: take(`write${name}`, taken),
      keys: take(`keysOf${name}`, taken),
    });
  }
  const imports = importsOf(file, files, taken, specifier);
  const isOwn = (ref: TypeRef): boolean => ref.file === file.name;
  const names = (ref: TypeRef): TypeNames => (isOwn(ref) ? exported.types.get(ref.fullName)! : imports.names(ref));
  return {
    int64,
    names,
    read: ref => (isOwn(ref) ? functions.get(ref.fullName)!.read : `${names(ref).name}.read`),
    write: ref => (isOwn(ref) ? functions.get(ref.fullName)!.write : `${names(ref).name}.write`),
    keys: ref => functions.get(ref.fullName)!.keys,
    service: fullName => exported.services.get(fullName)!,
    own: name => take(name, taken),
    // These names would refer to members that every object inherits.
    local: key => (typeWords.includes(key) ? key : freeName(key in {} ? `${key}$` : key, taken)),
    imports: imports.statements,
  };
}

/** The type of a decoded value. */
export function readType(scope: Scope, { scalar, ref }: ValueModel): string {
  return ref ? scope.names(ref).name : scalarType(scope, scalar!, scope.int64);
}

/** The type of a value to encode. */
export function writeType(scope: Scope, { scalar, ref }: ValueModel): string {
  if (ref) return scope.names(ref).init;
  return scalarType(scope, scalar!, scope.int64 === 'string' ? 'string | bigint | number' : 'bigint | number');
}

function scalarType(scope: Scope, scalar: Scalar, int64: string): string {
  switch (scalar) {
    case 'bool':
      return 'boolean';
    case 'string':
    case 'unverified':
      return 'string';
    case 'bytes':
      // A message called Uint8Array would hide the global one.
      return scope.local('Uint8Array') === 'Uint8Array' ? 'Uint8Array' : 'globalThis.Uint8Array';
    default:
      return isInt64(scalar) ? int64 : 'number';
  }
}

export function isInt64(scalar: Scalar | undefined): boolean {
  return scalar?.endsWith('64') === true;
}
