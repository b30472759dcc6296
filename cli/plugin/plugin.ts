import { join } from 'node:path';
import protobuf from 'protobufjs';
import { load } from '../../lib/codec/load.ts';
import { parseProto } from '../../lib/codec/parse-proto.ts';
import { addBundled, protobufjsDirs } from '../../lib/codec/read-proto.ts';
import { resolveTypes } from '../../lib/codec/resolve-types.ts';
import { setComments } from '../command/set-comments.ts';
import { type GeneratedFile, generate } from '../generate/generate.ts';
import { shipped } from '../generate/shipped.ts';
import type { SourceFile, Sources } from '../generate/source-files.ts';
import type { CodeGeneratorRequest } from './descriptor.ts';
import { commentsOf, Locations } from './locations.ts';
import { parseParameter } from './parameter.ts';
import { type FeatureNames, protoText } from './proto-text.ts';

/**
 * Answers a CodeGeneratorRequest of protoc or buf with a CodeGeneratorResponse.
 *
 * @throws Error when the bytes are not a request. All other errors are in the response, as protoc requires.
 */
export async function plugin(request: Uint8Array): Promise<Buffer> {
  const types = await load(join(protobufjsDirs[0]!, 'google/protobuf/compiler/plugin.proto'), {
    includeDirs: protobufjsDirs,
  });
  const decoded: CodeGeneratorRequest = types.CodeGeneratorRequest.decode(request);
  const answer = (rest: object): Buffer => types.CodeGeneratorResponse.encode({ ...supported, ...rest });
  try {
    const options = parseParameter(decoded.parameter ?? '');
    const sources = sourcesOf(decoded, featureNames(types));
    return answer({
      file: generate(sources, options).map(({ path, text }: GeneratedFile) => ({ name: path, content: text })),
    });
  } catch (error) {
    return answer({ error: `rx-grpc: ${(error as Error).message}` });
  }
}

/** FEATURE_PROTO3_OPTIONAL and FEATURE_SUPPORTS_EDITIONS, from EDITION_PROTO2 to EDITION_2024. */
const supported = { supportedFeatures: 3n, minimumEdition: 998, maximumEdition: 1001 };

function sourcesOf({ protoFile, fileToGenerate }: CodeGeneratorRequest, features: FeatureNames): Sources {
  const root = new protobuf.Root();
  const wanted = new Set(fileToGenerate);
  const files: SourceFile[] = [];
  for (const file of protoFile) {
    const name = file.name!;
    const generated = wanted.has(name) && !shipped.has(name);
    files.push({ name, filename: name, imports: file.dependency, generate: generated });
    if (addBundled(root, name)) continue;
    const locations = new Locations(file);
    parseProto(root, name, protoText(file, locations, features));
    const comments = commentsOf(file, locations);
    setComments(root, name, each => comments.get(each));
  }
  resolveTypes(root);
  return { root, files: files.sort((a, b) => (a.name < b.name ? -1 : 1)) };
}

function featureNames(types: Readonly<Record<string, Readonly<Record<string, number>>>>): FeatureNames {
  const names = ['FieldPresence', 'EnumType', 'RepeatedFieldEncoding', 'Utf8Validation', 'MessageEncoding'];
  return Object.fromEntries(
    names.map(name => {
      const values = Object.entries(types[`google.protobuf.FeatureSet.${name}`]!);
      const known = values.filter(([, number]) => number !== 0).map(([key, number]) => [number, key] as const);
      return [protobuf.util.lcFirst(name), new Map(known)];
    }),
  );
}
