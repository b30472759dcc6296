import { createRequire } from 'node:module';
import { clientArguments, type Peer, pathOf, serverArguments } from './peer.ts';

/** This library. */
export const rxGrpc: Peer = ofFolder('rx-grpc', 'interop', '../../package.json');

/** grpc-js as it is. */
export const grpcJs: Peer = ofFolder('grpc-js', 'interop/grpc-js', '@grpc/grpc-js/package.json');

function ofFolder(name: string, folder: string, manifest: string): Peer {
  const node = (file: string) => [process.execPath, '--import', 'tsx', pathOf(`${folder}/${file}`)] as const;
  return {
    name,
    prepare: async () => ({
      version: `${createRequire(import.meta.url)(manifest).version}, Node ${process.versions.node}`,
      server: options => [...node('server.ts'), ...serverArguments(options)],
      client: options => [...node('client.ts'), ...clientArguments(options)],
    }),
  };
}
