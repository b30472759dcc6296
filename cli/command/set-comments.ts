import protobuf from 'protobufjs';
import { fullName } from '../../lib/codec/reflection.ts';

/**
 * Sets the comments of all declarations of one file. protobufjs finds other comments than protoc, depending on how they
 * are written.
 *
 * @param commentOf returns the comment by full name, as in outlines; an empty string or undefined means no comment.
 */
export function setComments(
  root: protobuf.Root,
  filename: string,
  commentOf: (name: string) => string | undefined,
): void {
  const open: protobuf.NamespaceBase[] = [root];
  for (const namespace of open) {
    for (const object of namespace.nestedArray) {
      if (object instanceof protobuf.Namespace) open.push(object);
      if (object.filename === filename) for (const each of [object, ...members(object)]) set(each, commentOf);
    }
  }
}

function members(object: protobuf.ReflectionObject): readonly protobuf.ReflectionObject[] {
  if (object instanceof protobuf.Service) return object.methodsArray;
  return object instanceof protobuf.Type ? [...object.fieldsArray, ...object.oneofsArray] : [];
}

function set(object: protobuf.ReflectionObject, commentOf: (name: string) => string | undefined): void {
  const name = fullName(object);
  object.comment = commentOf(name) || null;
  if (!(object instanceof protobuf.Enum)) return;
  for (const value of Object.keys(object.values)) object.comments[value] = commentOf(`${name}.${value}`) || null!;
}
