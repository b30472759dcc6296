import { readFileSync } from 'node:fs';
import { type GeneratedFile, generate } from '../../../cli/generate/generate.ts';
import { sourcesOf } from './sources.ts';

/** The generated files in the repository. */
export interface Golden {
  readonly dir: URL;
  readonly files: readonly GeneratedFile[];
}

const protos = new URL('../../codec/protos/', import.meta.url);
const own = new URL('../golden/', import.meta.url);
const lib = new URL('../../../lib/', import.meta.url);
const wellKnown = 'any api descriptor duration empty field_mask source_context struct timestamp type wrappers'.split(
  ' ',
);

/** All of them, generated again. */
export function goldens(): readonly Golden[] {
  const options = { runtime: '../../../lib/generated.ts', importExtension: 'ts' } as const;
  const names = wellKnown.map(name => `google/protobuf/${name}.proto`);
  const all = { 'all.proto': `syntax = "proto3"; ${names.map(name => `import "${name}";`).join('\n')}` };
  const ofLib = sourcesOf({ ...all, ...textsOf(lib, rpcProtos) }, [...names, ...rpcProtos]);
  return [
    { dir: own, files: generate(sourcesOf(textsOf(own, goldenProtos)), options) },
    {
      dir: new URL('codec/', own),
      files: generate(sourcesOf(textsOf(protos, codecProtos)), { ...options, runtime: '../../../../lib/generated.ts' }),
    },
    { dir: lib, files: generate(ofLib, { ...options, runtime: './generated.ts' }) },
  ];
}

const codecProtos = ['users.proto', 'rich.proto', 'old.proto', 'edition.proto', 'nopackage.proto'];
/** The types of error details. */
const rpcProtos = ['google/rpc/error_details.proto', 'google/rpc/status.proto'];
const goldenProtos = ['shop.proto', 'shop/money.proto'];

function textsOf(dir: URL, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.map(name => [name, readFileSync(new URL(name, dir), 'utf8')]));
}
