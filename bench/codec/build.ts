import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { generate } from '../../cli/generate/generate.ts';
import { sourcesOf } from '../../spec/cli/support/sources.ts';

const root = new URL('../../', import.meta.url).pathname;
// Where nothing is looked at but by node, and packages are found.
const out = `${root}node_modules/.cache/rx-grpc-bench-codec/`;
const run = (file: string, ...args: string[]): unknown =>
  execFileSync(`${root}node_modules/.bin/${file}`, args, { cwd: root });

/** Has each generator make its code, and all compiled to what plain node runs; gives the path of the program. */
export function build(): { child: string; code: Readonly<Record<string, string>> } {
  rmSync(out, { recursive: true, force: true });
  mkdirSync(`${out}src/ours`, { recursive: true });
  const proto = readFileSync(`${root}bench/codec/messages.proto`, 'utf8');
  const [ours] = generate(sourcesOf({ 'messages.proto': proto }), {
    runtime: '../../../../../lib/generated.ts',
    importExtension: 'ts',
  });
  writeFileSync(`${out}src/ours/messages.ts`, ours!.text);
  const plugins = [
    { local: `${root}node_modules/.bin/protoc-gen-ts_proto`, out: `${out}src/ts-proto`, opt: tsProto },
    {
      local: `${root}node_modules/.bin/protoc-gen-es`,
      out: `${out}src/protobuf-es`,
      opt: ['target=ts', 'import_extension=js'],
    },
  ];
  run('buf', 'generate', 'bench/codec', '--template', JSON.stringify({ version: 'v2', plugins }));
  const pbjs = `${out}dist/protobufjs.js`;
  mkdirSync(`${out}dist`);
  run(
    'pbjs',
    '-t',
    'static-module',
    '-w',
    'es6',
    '--no-verify',
    '--no-delimited',
    '-o',
    pbjs,
    'bench/codec/messages.proto',
  );
  writeFileSync(`${out}tsconfig.json`, JSON.stringify(tsconfig));
  try {
    run('tsc', '-p', `${out}tsconfig.json`);
  } catch {
    // Others' code need not pass our flags; what was emitted is what counts.
  }
  const code = `${out}dist/node_modules/.cache/rx-grpc-bench-codec/src`;
  writeFileSync(`${out}dist/package.json`, '{ "type": "module" }');
  return {
    child: `${out}dist/bench/codec/child.js`,
    code: {
      'rx-grpc': `${code}/ours/messages.js`,
      'load()': `${root}bench/codec/messages.proto`,
      protobufjs: pbjs,
      'ts-proto': `${code}/ts-proto/messages.js`,
      'protobuf-es': `${code}/protobuf-es/messages_pb.js`,
    },
  };
}

// What comes nearest to our values.
const tsProto = [
  'esModuleInterop=true',
  'importSuffix=.js',
  'forceLong=bigint',
  'oneof=unions-value',
  'outputJsonMethods=false',
];
const tsconfig = {
  extends: `${root}tsconfig.json`,
  compilerOptions: {
    rootDir: root,
    outDir: `${out}dist`,
    noEmit: false,
    strict: false,
    verbatimModuleSyntax: false,
    types: ['node'],
  },
  include: [`${out}src`, `${root}bench/codec/child.ts`],
  exclude: [],
};
