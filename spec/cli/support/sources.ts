import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { posix } from 'node:path';
import protobuf from 'protobufjs';
import type { SourceFile, Sources } from '../../../cli/generate/source-files.ts';
import { resolveTypes } from '../../../lib/codec/resolve-types.ts';

const google = createRequire(import.meta.url)
  .resolve('protobufjs/package.json')
  .replace('package.json', '');

/** Sources from the texts of .proto files, by their import names; google/protobuf is included. */
export function sourcesOf(texts: Readonly<Record<string, string>>, generate = Object.keys(texts)): Sources {
  const root = new protobuf.Root();
  const files: SourceFile[] = [];
  const open = new Set(Object.keys(texts));
  const parser = protobuf.parse as typeof protobuf.parse & { filename: string | null };
  for (const name of open) {
    const bundled = texts[name] === undefined ? protobuf.common.get(name) : null;
    if (bundled) {
      root.addJSON(bundled.nested!);
      files.push({ name, filename: `bundled:${name}`, imports: [], generate: generate.includes(name) });
      continue;
    }
    const filename = posix.join('memory', name);
    parser.filename = filename;
    const text = texts[name] ?? readFileSync(`${google}${name}`, 'utf8');
    const { imports = [], weakImports = [] } = protobuf.parse(text, root, { alternateCommentMode: true });
    files.push({
      name,
      filename,
      imports: [...imports, ...weakImports],
      generate: generate.includes(name),
    });
    for (const imported of [...imports, ...weakImports]) open.add(imported);
  }
  resolveTypes(root);
  return { root, files };
}
