import { execFile } from 'node:child_process';
import { copyFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { promisify } from 'node:util';

const require = createRequire(import.meta.url);
const root = join(import.meta.dirname, '../../..');
const protos = join(import.meta.dirname, '../protos');

/** Inside node_modules, so that generated code finds its packages, and no tool of the repository scans it. */
const folder = join(root, 'node_modules/.cache', `rx-grpc-foreign-${process.pid}`);

let generated: Promise<string> | undefined;

/** The folder with the tools' output for notes.proto: generated once per process, and deleted at its end. */
export function generate(): Promise<string> {
  generated ??= runTools();
  return generated;
}

// With parallel mocha a process runs many spec files, so no file may delete it.
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));

async function runTools(): Promise<string> {
  for (const [name, type] of [
    ['.', 'module'],
    ['es-commonjs', 'commonjs'],
  ] as const) {
    mkdirSync(join(folder, name), { recursive: true });
    writeFileSync(join(folder, name, 'package.json'), JSON.stringify({ type }));
  }
  const template = JSON.stringify({ version: 'v2', plugins });
  await run(require.resolve('@bufbuild/buf/bin/buf'), ['generate', '--template', template, '--output', folder, protos]);
  await run(require.resolve('@grpc/proto-loader/build/bin/proto-loader-gen-types.js'), [
    ...[`--includeDirs=${protos}`, `--outDir=${join(folder, 'proto-loader')}`, '--grpcLib=@grpc/grpc-js'],
    ...['--longs=String', '--enums=String', '--defaults', '--oneofs', 'notes.proto'],
  ]);
  copyFileSync(join(folder, 'es/notes_pb.ts'), join(folder, 'es-commonjs/notes_pb.ts'));
  return folder;
}

const all = { include_imports: true, include_wkt: true };
const tsProto = require.resolve('ts-proto/protoc-gen-ts_proto');
const generic = 'outputServices=generic-definitions';
const plugins = [
  {
    local: require.resolve('@bufbuild/protoc-gen-es/bin/protoc-gen-es'),
    out: 'es',
    opt: ['target=ts', 'import_extension=js'],
  },
  {
    local: require.resolve('@protobuf-ts/plugin/bin/protoc-gen-ts'),
    out: 'protobuf-ts',
    opt: ['server_grpc1'],
    ...all,
  },
  { local: tsProto, out: 'ts-proto', opt: ['outputServices=grpc-js', generic, 'esModuleInterop=true'], ...all },
  {
    local: tsProto,
    out: 'ts-proto-other',
    opt: [generic, 'oneof=unions', 'useMapType=true', 'forceLong=bigint'],
    ...all,
  },
];

async function run(program: string, args: readonly string[]): Promise<void> {
  await promisify(execFile)(program, args, { cwd: root, timeout: 60_000 });
}
