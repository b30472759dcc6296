import { mkdir } from 'node:fs/promises';
import type { CommandLine } from '../processes.ts';
import { cache, clientArguments, type Peer, pathOf, serverArguments, step } from './peer.ts';

const environment = `${cache}/python`;
const generated = `${environment}/generated`;
const python = `${environment}/bin/python`;

/** Python's grpcio, with a test service of our own: its official one is in no package. */
export const pythonGrpcio: Peer = {
  name: 'Python',
  async prepare() {
    await preparePython();
    const tell = 'import grpc, platform; print(f"grpcio {grpc.__version__}, Python {platform.python_version()}")';
    return {
      version: await step('grpcio', [python, '-c', tell]),
      server: options => [...pythonProgram('server.py'), ...serverArguments(options)],
      client: options => [...pythonProgram('client.py'), ...clientArguments(options)],
    };
  },
};

/** Installs what interop/python needs and generates its messages. @throws Missing when this machine has not what that takes. */
export async function preparePython(): Promise<void> {
  await step('python3 -m venv', ['python3', '-m', 'venv', environment]);
  const requirements = pathOf('interop/python/requirements.txt');
  await step('pip install', [python, '-m', 'pip', 'install', '--quiet', '--requirement', requirements]);
  await mkdir(generated, { recursive: true });
  const protos = pathOf('interop/protos');
  await step('protoc', [
    ...([python, '-m', 'grpc_tools.protoc', `--proto_path=${protos}`] as const),
    ...[`--python_out=${generated}`, `--grpc_python_out=${generated}`, 'empty.proto', 'messages.proto', 'test.proto'],
  ]);
}

/** A program of interop/python. */
export function pythonProgram(file: string): CommandLine {
  return ['env', `PYTHONPATH=${generated}`, 'PYTHONDONTWRITEBYTECODE=1', python, pathOf(`interop/python/${file}`)];
}
