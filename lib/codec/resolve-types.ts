import protobuf from 'protobufjs';
import { type Place, protoError } from './proto-error.ts';
import type { Outline } from './proto-outline.ts';
import { fullName } from './reflection.ts';

/**
 * Finds the type that each name of a type stands for.
 *
 * @param outlines Of the files that declare what is in the root, by filename; without them errors have no lines.
 * @throws ProtoError that names the field or RPC whose type is not found.
 */
export function resolveTypes(root: protobuf.Root, outlines?: ReadonlyMap<string, Outline>): void {
  try {
    root.resolveAll();
  } catch (error) {
    // The message says what was not found, not where it was asked for.
    const why = unresolved(root);
    if (why === undefined) throw error;
    throw problem(why.object, why.what, outlines, why.type, error);
  }
}

/** An error of something declared, at its place in its file; at that of a type's name, when it refers to it by that. */
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
        return { object, what: `extends "${object.extend}", which no message is named` };
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
