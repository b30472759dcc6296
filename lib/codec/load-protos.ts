import protobuf from 'protobufjs';
import { decodeMessage } from './decode-message.ts';
import { type EncodeInto, encode as encodeBytes } from './encode.ts';
import { encodeMessage } from './encode-message.ts';
import { messageCodecs } from './message-codec.ts';
import { readProto } from './read-proto.ts';
import { fullName } from './reflection.ts';
import { serviceCodec } from './service-codec.ts';

/** The declarations of files and their imports, by name. See `load`. */
export async function loadProtos(files: readonly string[], includeDirs: readonly string[]): Promise<any> {
  return byName([...declarations(await readProto(files, includeDirs))]);
}

type Declaration = readonly [name: string, simpleName: string, value: unknown];

function* declarations(root: protobuf.Root): Generator<Declaration> {
  const codecOf = messageCodecs();
  const open: protobuf.NamespaceBase[] = [root];
  for (const namespace of open) {
    for (const object of namespace.nestedArray) {
      const { name } = object;
      const full = fullName(object);
      if (object instanceof protobuf.Service) yield [full, name, serviceCodec(object, codecOf)];
      else if (object instanceof protobuf.Enum) yield [full, name, Object.freeze({ ...object.values })];
      else if (object instanceof protobuf.Type) {
        const codec = codecOf(object);
        const encodeInto: EncodeInto<unknown> = (writer, value) => encodeMessage(codec, writer, value);
        const encode = (value: unknown): Buffer => encodeBytes(encodeInto, value);
        const decode = (bytes: Uint8Array): object => decodeMessage(codec, bytes);
        const create = (value: unknown): object => decode(encode(value));
        yield [full, name, { typeName: full, encode, decode, create }];
      }
      if (object instanceof protobuf.Namespace || object instanceof protobuf.Type) open.push(object);
    }
  }
}

function byName(all: readonly Declaration[]): any {
  const loaded = Object.create(null);
  const seen = new Set<string>();
  for (const [, simpleName, value] of all) {
    if (seen.has(simpleName)) delete loaded[simpleName];
    else loaded[simpleName] = value;
    seen.add(simpleName);
  }
  // Full names come last, so that a simple name never removes or replaces one.
  for (const [name, , value] of all) loaded[name] = value;
  return loaded;
}
