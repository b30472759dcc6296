import protobuf from 'protobufjs';
import type { Outline } from '../../lib/codec/proto-outline.ts';
import type { ReadFile } from '../../lib/codec/read-proto.ts';
import { problem } from '../../lib/codec/resolve-types.ts';

/**
 * Rejects, as protoc does, a type from a file that is not imported. Whether such a type is found would depend on which
 * other files are read.
 *
 * @throws ProtoError
 */
export function checkImports(root: protobuf.Root, files: readonly ReadFile[]): void {
  const outlines = new Map(files.flatMap(({ path, outline }) => (outline ? [[path, outline] as const] : [])));
  const visible = new Map(files.map(file => [file.path, visibleIn(file)]));
  const open: protobuf.NamespaceBase[] = [root];
  for (const namespace of open) {
    for (const object of namespace.nestedArray) {
      if (object instanceof protobuf.Namespace) open.push(object);
      if (object.filename && visible.has(object.filename)) check(object, visible.get(object.filename)!, outlines);
    }
  }
}

function check(
  object: protobuf.ReflectionObject,
  visible: ReadonlySet<string>,
  outlines: ReadonlyMap<string, Outline>,
): void {
  const look = (at: protobuf.ReflectionObject, name: string, type: protobuf.ReflectionObject | null): void => {
    if (!type?.filename || visible.has(type.filename)) return;
    throw problem(at, `"${name}" is declared in ${type.filename}, which is not imported`, outlines, name);
  };
  if (object instanceof protobuf.Service) {
    for (const method of object.methodsArray) {
      look(method, method.requestType, method.resolvedRequestType);
      look(method, method.responseType, method.resolvedResponseType);
    }
  } else if (object instanceof protobuf.Type) {
    // An extension is also a field of the message that it extends. It is checked where it is declared.
    for (const field of object.fieldsArray) {
      if (!field.declaringField) look(field, field.type, field.resolvedType);
    }
  }
}

/** The file itself, its imports, and their public imports. */
function visibleIn(file: ReadFile): ReadonlySet<string> {
  const visible = new Set([file.path]);
  const open = [...file.imports];
  for (const each of open) {
    if (visible.has(each.path)) continue;
    visible.add(each.path);
    open.push(...each.publicImports);
  }
  return visible;
}
