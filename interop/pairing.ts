import { from, lastValueFrom, mergeMap, toArray } from 'rxjs';
import { ownCertificate, ownKey } from './options.ts';
import type { Certificate, Ready } from './peers/peer.ts';
import { freePort, run, startServer, stop } from './processes.ts';

/** A client of one make against a server of another. */
export interface Pairing {
  readonly name: string;
  readonly client: Ready;
  readonly server: Ready;
}

export interface Failure {
  readonly testCase: string;
  readonly isTls: boolean;
  readonly output: string;
}

const CASE_MS = 60_000;
const own: Certificate = { cert: ownCertificate, key: ownKey, ca: ownCertificate };

/** Runs the cases, so many at a time; gives those that failed. */
export async function runPairing(
  { client, server }: Pairing,
  isTls: boolean,
  testCases: readonly string[],
  jobs: number,
): Promise<Failure[]> {
  const port = await freePort();
  const tls = isTls ? (client.certificate ?? server.certificate ?? own) : undefined;
  const process = await startServer(server.server({ port, tls }), port);
  try {
    const outcomes = from(testCases).pipe(
      mergeMap(async testCase => {
        const outcome = await run(client.client({ port, tls, testCase }), { timeoutMs: CASE_MS });
        return { testCase, isTls, ...outcome };
      }, jobs),
      toArray(),
    );
    const failed = (await lastValueFrom(outcomes)).filter(({ exitCode }) => exitCode !== 0);
    return failed.map(({ exitCode, output, ...failure }) => ({
      ...failure,
      output: exitCode === undefined ? `not ended after ${CASE_MS} ms\n${output}` : output,
    }));
  } finally {
    await stop(process);
  }
}
