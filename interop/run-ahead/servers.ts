import { existsSync } from 'node:fs';
import { cache, pathOf, step } from '../peers/peer.ts';
import { preparePython, pythonProgram } from '../peers/python.ts';
import type { CommandLine } from '../processes.ts';

const java = `${cache}/java-peers`;

/** A server of another make. */
export interface PeerServer {
  readonly name: string;
  /** Installs and builds what is needed. @throws Missing when this machine has not what that takes. */
  prepare(): Promise<CommandLine>;
}

export const servers: readonly PeerServer[] = [
  {
    name: 'rx-grpc',
    prepare: async () => [process.execPath, '--import', 'tsx', pathOf('interop/run-ahead/server.ts')],
  },
  ...['grpc', 'connect'].map(library => ({
    name: library === 'grpc' ? 'grpc-go' : 'connect-go',
    async prepare(): Promise<CommandLine> {
      await step('go build', ['go', 'build', '-o', `${cache}/go/`, './peer-server'], pathOf('interop/go'));
      return [`${cache}/go/peer-server`, '--library', library];
    },
  })),
  ...['grpcio', 'grpclib'].map(library => ({
    name: library,
    async prepare(): Promise<CommandLine> {
      await preparePython();
      return [...pythonProgram('peer_server.py'), '--library', library] as const;
    },
  })),
  {
    name: 'tonic',
    async prepare() {
      const target = ['--target-dir', `${cache}/rust`] as const;
      await step('cargo build', ['cargo', 'build', '--quiet', '--locked', ...target], pathOf('interop/rust'));
      return [`${cache}/rust/debug/peer-server`];
    },
  },
  ...['grpc-java', 'vertx', 'armeria', 'reactive-grpc'].map(name => ({
    name,
    async prepare(): Promise<CommandLine> {
      const folder = pathOf('interop/java/peer-server');
      const target = `-DoutputDirectory=${java}`;
      if (!existsSync(java)) {
        await step('mvn', [
          'mvn',
          '--quiet',
          '--batch-mode',
          '-f',
          `${folder}/pom.xml`,
          'dependency:copy-dependencies',
          target,
        ]);
      }
      await step('javac', ['javac', '-cp', `${java}/*`, '-d', `${java}/classes`, `${folder}/PeerServer.java`]);
      return ['java', '-cp', `${java}/*:${java}/classes`, 'PeerServer', name];
    },
  })),
];
