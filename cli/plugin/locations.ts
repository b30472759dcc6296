import protobuf from 'protobufjs';
import { docText } from '../../lib/codec/proto-outline.ts';
import {
  type EnumDescriptor,
  FieldType,
  type FileDescriptor,
  In,
  type Location,
  type MessageDescriptor,
} from './descriptor.ts';

/** The source locations and comments of a descriptor's declarations. Empty without source_code_info. */
export class Locations {
  readonly #byPath: ReadonlyMap<string, Location>;

  constructor({ sourceCodeInfo }: FileDescriptor) {
    this.#byPath = new Map((sourceCodeInfo?.location ?? []).map(each => [each.path.join(), each]));
  }

  /** Sorts items in source order. Items without a location keep their place. */
  sorted<T extends { readonly path: readonly number[] }>(items: readonly T[]): readonly T[] {
    const start = ({ path }: T): readonly number[] | undefined => this.#byPath.get(path.join())?.span;
    return items.toSorted((a, b) => {
      const [from, to] = [start(a), start(b)];
      return from && to ? from[0]! - to[0]! || from[1]! - to[1]! : 0;
    });
  }

  comment(path: readonly number[]): string {
    const location = this.#byPath.get(path.join());
    return docText(location?.leadingComments ?? location?.trailingComments ?? '');
  }
}

/** The comments of a file's declarations by full name, as in outlines. */
export function commentsOf(file: FileDescriptor, locations: Locations): ReadonlyMap<string, string> {
  const comments = new Map<string, string>();
  const scope = file.package ? `${file.package}.` : '';
  const { camelCase, lcFirst } = protobuf.util;
  const addEnum = ({ name, value }: EnumDescriptor, prefix: string, path: readonly number[]): void => {
    comments.set(`${prefix}${name}`, locations.comment(path));
    for (const [i, each] of value.entries()) {
      comments.set(`${prefix}${name}.${each.name}`, locations.comment([...path, In.enum.value, i]));
    }
  };
  const addMessage = (message: MessageDescriptor, prefix: string, path: readonly number[]): void => {
    const inside = `${prefix}${message.name}.`;
    const { field, oneofDecl, nestedType, enumType } = message;
    comments.set(`${prefix}${message.name}`, locations.comment(path));
    for (const [i, each] of field.entries()) {
      const group = each.type === FieldType.GROUP ? each.typeName?.split('.').at(-1) : undefined;
      const name = group === undefined ? camelCase(each.name!) : lcFirst(group);
      // A group has the comment of its message.
      const type = nestedType.findIndex(nested => nested.name === group);
      const groups = type < 0 ? '' : locations.comment([...path, In.message.message, type]);
      comments.set(`${inside}${name}`, groups || locations.comment([...path, In.message.field, i]));
    }
    for (const [i, { name }] of oneofDecl.entries()) {
      const key = `${inside}${camelCase(name!)}`;
      comments.set(key, comments.get(key) || locations.comment([...path, In.message.oneof, i]));
    }
    for (const [i, each] of nestedType.entries()) addMessage(each, inside, [...path, In.message.message, i]);
    for (const [i, each] of enumType.entries()) addEnum(each, inside, [...path, In.message.enum, i]);
  };
  for (const [i, each] of file.messageType.entries()) addMessage(each, scope, [In.file.message, i]);
  for (const [i, each] of file.enumType.entries()) addEnum(each, scope, [In.file.enum, i]);
  for (const [i, { name, method }] of file.service.entries()) {
    const path = [In.file.service, i];
    comments.set(`${scope}${name}`, locations.comment(path));
    for (const [j, each] of method.entries()) {
      comments.set(`${scope}${name}.${each.name}`, locations.comment([...path, In.service.method, j]));
    }
  }
  return comments;
}
