import protobuf from 'protobufjs';
import { fullName } from './reflection.ts';

/** Finds the type that each name of a type stands for. @throws Error that names the field or RPC whose type is not found. */
export function resolveTypes(root: protobuf.Root): void {
  try {
    root.resolveAll();
  } catch (error) {
    // The message says what was not found, not where it was asked for.
    const why = unresolved(root);
    if (why === undefined) throw error;
    throw new Error(why, { cause: error });
  }
}

function unresolved(root: protobuf.Root): string | undefined {
  const open: protobuf.NamespaceBase[] = [root];
  for (const namespace of open) {
    for (const object of namespace.nestedArray) {
      if (object instanceof protobuf.Field && object.extend !== undefined && !namespace.lookup(object.extend)) {
        return `${place(object)}: extends "${object.extend}", which no message is named`;
      }
      if (object instanceof protobuf.Service) {
        for (const method of object.methodsArray) {
          for (const type of [method.requestType, method.responseType]) {
            if (!object.lookup(type, [protobuf.Type])) return `${place(method)}: no message is named "${type}"`;
          }
        }
      }
      if (object instanceof protobuf.Type) {
        for (const field of object.fieldsArray) {
          try {
            field.resolve();
          } catch (error) {
            if (object.lookup(field.type, [protobuf.Type, protobuf.Enum]))
              return `${place(field)}: ${(error as Error).message}`;
            return `${place(field)}: no message or enum is named "${field.type}"`;
          }
        }
      }
      if (object instanceof protobuf.Namespace) open.push(object);
    }
  }
  return undefined;
}

function place(object: protobuf.ReflectionObject): string {
  const name = fullName(object);
  return object.filename ? `${object.filename}: ${name}` : name;
}
