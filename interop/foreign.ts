// A Go client and a Go server for users.proto against rx-grpc's, with calls that are cut short at random times.
import { Command } from 'commander';
import { type Direction, runKills, runScenario } from './foreign/campaign.ts';
import type { Call } from './foreign/judge.ts';
import { Program } from './foreign/program.ts';
import { head, summarise } from './foreign/report.ts';
import { randomOf, scenarios } from './foreign/scenarios.ts';
import { number } from './options.ts';
import { cache, Missing, pathOf, step } from './peers/peer.ts';
import type { CommandLine } from './processes.ts';
import { table } from './table.ts';

const program = new Command('foreign')
  .description('Prints a table; the exit code is 1 when anything is not as it must be.')
  .option('--calls <n>', 'of each scenario', number, 1_000)
  .option('--kills <n>', 'of each side', number, 50)
  .option('--seed <n>', 'of the random plans (default: another each time)', number)
  .option('--only <text>', 'scenarios whose name contains it')
  .parse();
const {
  calls: count,
  kills,
  seed = Math.floor(Math.random() * 2 ** 32),
  only = '',
} = program.opts<{ calls: number; kills: number; seed?: number; only?: string }>();

const programs = `${cache}/go`;
try {
  await step(
    'go build',
    ['go', 'build', '-o', `${programs}/`, './users-server', './users-client'],
    pathOf('interop/go'),
  );
} catch (error) {
  if (!(error instanceof Missing)) throw error;
  console.log(`Not run: Go: ${error.message}`);
  process.exit();
}

const ours = (file: string): CommandLine => [process.execPath, '--import', 'tsx', pathOf(`interop/foreign/${file}`)];
const directions: Direction[] = [
  { name: 'rx → Go', client: ours('client.ts'), server: [`${programs}/users-server`] },
  { name: 'Go → rx', client: [`${programs}/users-client`], server: ours('server.ts') },
];
const adjusted = process.env['RX_GRPC_ADJUST'] === 'off' ? 'off' : 'on';
console.log(`--seed ${seed} --calls ${count} --kills ${kills}, adjustments of grpc-js ${adjusted}\n`);

const rows: (readonly (string | number)[])[] = [];
const faults: string[] = [];
function add(name: string, calls: readonly Call[]): void {
  const { row, isRight, examples } = summarise(name, calls);
  rows.push(row);
  console.error(`${isRight ? 'as it must be' : 'WRONG'}: ${name}`);
  if (!isRight) faults.push(`${name}:\n${examples.join('\n')}`);
}

for (const direction of directions) {
  const random = randomOf(seed);
  for (const scenario of scenarios.filter(({ name }) => name.includes(only))) {
    // A connection for each: Node's HTTP/2 ends one on which a client has reset more than 1,000 calls, and 33 a second.
    const client = new Program(direction.client);
    const server = new Program(direction.server);
    add(`${direction.name}, ${scenario.name}`, await runScenario(scenario, client, server, count, random));
    client.kill();
    server.kill();
  }
  for (const killed of ['client', 'server'] as const) {
    if (kills === 0 || !`kill of the ${killed}`.includes(only)) continue;
    const calls = await runKills(direction, killed, kills, random);
    for (const shape of ['upload', 'download']) {
      const ofShape = calls.filter(({ plan }) => plan.shape === shape);
      add(`${direction.name}, ${shape}: kill of the ${killed}`, ofShape);
    }
  }
}

console.log(table(head, rows));
for (const fault of faults) console.log(`\n${fault}`);
process.exit(faults.length === 0 ? 0 : 1);
