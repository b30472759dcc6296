import { go } from '../peers/go.ts';
import { cache, pathOf, step } from '../peers/peer.ts';
import { preparePython, pythonProgram } from '../peers/python.ts';
import type { CommandLine } from '../processes.ts';

/** An implementation of gRPC that calls our server. */
export interface EdgesClient {
  readonly name: string;
  /** Installs and builds what is needed. @throws Missing when this machine has not what that takes. */
  prepare(): Promise<CommandLine>;
}

const here = (file: string): CommandLine => [process.execPath, '--import', 'tsx', pathOf(file)];

export const clients: readonly EdgesClient[] = [
  { name: 'rx', prepare: async () => here('interop/edges/client.ts') },
  { name: 'grpc-js', prepare: async () => here('interop/grpc-js/edges-client.ts') },
  {
    name: go.name,
    async prepare() {
      await step('go build', ['go', 'build', '-o', `${cache}/go/`, './edges-client'], pathOf('interop/go'));
      return [`${cache}/go/edges-client`];
    },
  },
  ...['grpcio', 'grpclib'].map(name => ({
    name,
    async prepare() {
      await preparePython();
      return pythonProgram(`edges_${name}.py`);
    },
  })),
];
