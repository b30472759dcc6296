import { mkdir } from 'node:fs/promises';
import { cache, clientArguments, type Peer, pathOf, serverArguments, step } from './peer.ts';

const environment = `${cache}/python`;
const generated = `${environment}/generated`;
const python = `${environment}/bin/python`;

/** Python's grpcio, with a test service of our own: its official one is in no package. */
export const pythonGrpcio: Peer = {
  name: 'Python',
  async prepare() {
    await step('python3 -m venv', ['python3', '-m', 'venv', environment]);
    const requirements = pathOf('interop/python/requirements.txt');
    await step('pip install', [python, '-m', 'pip', 'install', '--quiet', '--requirement', requirements]);
    await mkdir(generated, { recursive: true });
    const protos = pathOf('interop/protos');
    await step('protoc', [
      ...([python, '-m', 'grpc_tools.protoc', `--proto_path=${protos}`] as const),
      ...[`--python_out=${generated}`, `--grpc_python_out=${generated}`, 'empty.proto', 'messages.proto', 'test.proto'],
    ]);
    const program = (file: string) =>
      ['env', `PYTHONPATH=${generated}`, python, pathOf(`interop/python/${file}`)] as const;
    const tell = 'import grpc, platform; print(f"grpcio {grpc.__version__}, Python {platform.python_version()}")';
    return {
      version: await step('grpcio', [python, '-c', tell]),
      server: options => [...program('server.py'), ...serverArguments(options)],
      client: options => [...program('client.py'), ...clientArguments(options)],
    };
  },
};
