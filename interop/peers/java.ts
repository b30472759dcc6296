import { existsSync } from 'node:fs';
import { type Certificate, cache, clientArguments, type Peer, pathOf, step } from './peer.ts';

const VERSION = '1.79.0'; // as in interop/java/pom.xml
const library = `${cache}/java`;
const official = 'io.grpc.testing.integration';

/** The test certificate that grpc-java's programs carry and cannot be given another for. */
const certificate: Certificate = {
  cert: `${library}/certs/server1.pem`,
  key: `${library}/certs/server1.key`,
  ca: `${library}/certs/ca.pem`,
  name: 'foo.test.google.fr',
};

/** grpc-java's own interop server and client. */
export const java: Peer = {
  name: 'Java',
  async prepare() {
    const version = await step('java', ['java', '-version']);
    if (!existsSync(`${library}/grpc-interop-testing-${VERSION}.jar`)) {
      const pom = pathOf('interop/java/pom.xml');
      const target = `-DoutputDirectory=${library}`;
      await step('mvn', ['mvn', '--quiet', '--batch-mode', '-f', pom, 'dependency:copy-dependencies', target]);
    }
    await step('jar', ['jar', '-xf', `grpc-testing-${VERSION}.jar`, 'certs'], library);
    const program = (name: string) => ['java', '-cp', `${library}/*`, `${official}.${name}`] as const;
    return {
      version: `grpc-java ${VERSION}, Java ${/"(.*?)"/.exec(version)?.[1]}`,
      certificate,
      server: ({ port, tls }) => [...program('TestServiceServer'), `--port=${port}`, `--use_tls=${tls !== undefined}`],
      client: options => {
        const known = clientArguments(options).filter(argument => !argument.startsWith('--ca_file'));
        return [...program('TestServiceClient'), ...known];
      },
    };
  },
};
