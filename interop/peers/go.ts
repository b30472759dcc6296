import { cache, clientArguments, type Peer, pathOf, serverArguments, step } from './peer.ts';

const programs = `${cache}/go`;
const module = pathOf('interop/go');
const official = 'google.golang.org/grpc/interop';

/** grpc-go's own interop server and client. */
export const go: Peer = {
  name: 'Go',
  async prepare() {
    await step('go build', ['go', 'build', '-o', `${programs}/`, `${official}/server`, `${official}/client`], module);
    const version = await step('go list', ['go', 'list', '-m', 'google.golang.org/grpc'], module);
    return {
      version: `${version}, ${await step('go env', ['go', 'env', 'GOVERSION'], module)}`,
      server: options => [`${programs}/server`, ...serverArguments(options)],
      client: options => [`${programs}/client`, ...clientArguments(options)],
    };
  },
};
