import protobuf from 'protobufjs';
import { type Place, protoError } from './proto-error.ts';
import type { Outline } from './proto-outline.ts';
import { fullName } from './reflection.ts';

/**
 * Resolves all type names.
 *
 * @param outlines the outlines of the files in the root, by filename. Without them, errors have no line numbers.
 * @throws ProtoError that names the field or RPC whose type is not found.
 */
export function resolveTypes(root: protobuf.Root, outlines?: ReadonlyMap<string, Outline>): void {
  try {
    root.resolveAll();
  } catch (error) {
    // The error names the missing type, but not the declaration that refers to it.
    const why = unresolved(root);
    if (why === undefined) throw error;
    throw problem(why.object, why.what, outlines, why.type, error);
  }
}

/** Makes an error about a declaration, with its place in the file; for a type name, the place of the name. */
export function problem(
  object: protobuf.ReflectionObject,
  what: string,
  outlines?: ReadonlyMap<string, Outline>,
  type?: string,
  cause?: unknown,
): Error {
  const named = `${fullName(object)}: ${what}`;
  if (!object.filename) return new Error(named, { cause });
  const declared = outlines?.get(object.filename)?.declarations.get(fullName(object));
  const place: Place | undefined = declared?.types.find(({ text }) => text === type) ?? declared;
  return protoError(object.filename, place, named, cause);
}

interface Unresolved {
  readonly object: protobuf.ReflectionObject;
  readonly what: string;
  readonly type?: string;
}

function unresolved(root: protobuf.Root): Unresolved | undefined {
  const open: protobuf.NamespaceBase[] = [root];
  for (const namespace of open) {
    for (const object of namespace.nestedArray) {
      if (object instanceof protobuf.Field && object.extend !== undefined && !namespace.lookup(object.extend)) {
        return { object, what: `extends "${object.extend}", but no message has this name` };
      }
      if (object instanceof protobuf.Service) {
        for (const method of object.methodsArray) {
          for (const type of [method.requestType, method.responseType]) {
            if (!object.lookup(type, [protobuf.Type]))
              return { object: method, what: `no message is named "${type}"`, type };
          }
        }
      }
      if (object instanceof protobuf.Type) {
        for (const field of object.fieldsArray) {
          try {
            field.resolve();
          } catch (error) {
            const { type } = field;
            if (object.lookup(type, [protobuf.Type, protobuf.Enum]))
              return { object: field, what: (error as Error).message };
            return { object: field, what: `no message or enum is named "${type}"`, type };
          }
        }
      }
      if (object instanceof protobuf.Namespace) open.push(object);
    }
  }
  return undefined;
}
