// The interop tests: rx-grpc against itself and other implementations, both ways, in plaintext and with TLS.
import { Command } from 'commander';
import { cases } from './cases/cases.ts';
import { number } from './options.ts';
import { type Failure, type Pairing, runPairing } from './pairing.ts';
import { go } from './peers/go.ts';
import { grpcJs, rxGrpc } from './peers/here.ts';
import { java } from './peers/java.ts';
import { Missing } from './peers/peer.ts';
import { pythonGrpcio } from './peers/python.ts';
import { table } from './table.ts';

const others = [grpcJs, go, pythonGrpcio, java];
const program = new Command('interop')
  .description('Prints a table; the exit code is 1 when a case fails.')
  .option('--peers <names...>', `of ${others.map(({ name }) => name).join(', ')}`)
  .option('--cases <names...>', 'default: all')
  .option('--jobs <n>', 'clients at a time', number, 2)
  .parse();
const {
  peers,
  cases: testCases = Object.keys(cases),
  jobs,
} = program.opts<{ peers?: string[]; cases?: string[]; jobs: number }>();

const ours = await rxGrpc.prepare();
const pairings: Pairing[] = [{ name: 'rx → rx', client: ours, server: ours }];
const versions = [`rx is rx-grpc ${ours.version}`];
const notRun: string[] = [];
for (const { name, prepare } of others) {
  if (peers !== undefined && !peers.some(peer => peer.toLowerCase() === name.toLowerCase())) {
    notRun.push(`${name}: not asked for`);
    continue;
  }
  try {
    const ready = await prepare();
    versions.push(`${name} is ${ready.version}`);
    pairings.push({ name: `rx → ${name}`, client: ours, server: ready });
    pairings.push({ name: `${name} → rx`, client: ready, server: ours });
  } catch (error) {
    if (!(error instanceof Missing)) throw error;
    notRun.push(`${name}: ${error.message}`);
  }
}

const failures = new Map<Pairing, Failure[]>();
for (const pairing of pairings) {
  const failed: Failure[] = [];
  for (const isTls of [false, true]) failed.push(...(await runPairing(pairing, isTls, testCases, jobs)));
  failures.set(pairing, failed);
  console.error(`${pairing.name}: ${2 * testCases.length - failed.length} of ${2 * testCases.length}`);
}

/** Both ways passed, or which did not. */
function verdict(pairing: Pairing, testCase: string): string {
  const failed = failures.get(pairing)!.filter(failure => failure.testCase === testCase);
  if (failed.length === 0) return 'ok';
  return failed.length === 2 ? 'FAILS' : `FAILS ${failed[0]!.isTls ? 'with TLS' : 'in plaintext'}`;
}

const head = ['client → server', ...pairings.map(({ name }) => name)];
const rows = testCases.map(testCase => [testCase, ...pairings.map(pairing => verdict(pairing, testCase))]);
console.log(`\n${table(head, rows)}\n\nok: in plaintext and with TLS. ${versions.join('; ')}.`);
for (const line of notRun) console.log(`Not run: ${line}`);
for (const [{ name }, failed] of failures) {
  for (const { testCase, isTls, output } of failed) {
    console.log(`\n${name}, ${testCase}, ${isTls ? 'TLS' : 'plaintext'}:\n${output}`);
    process.exitCode = 1;
  }
}
