// Clients of several makes call a server of rx-grpc at the edges of a call: at its deadline, far before it, at an early end.
import { once } from 'node:events';
import { Command } from 'commander';
import { clients } from './edges/clients.ts';
import { type Experiment, experiments } from './edges/experiment.ts';
import { judge, type Verdict } from './edges/judge.ts';
import { number } from './options.ts';
import { Missing, pathOf } from './peers/peer.ts';
import { type CommandLine, run, start, stop } from './processes.ts';
import { table } from './table.ts';

const MAX_RUN_MS = 5 * 60_000;
const MAX_OUTPUT = 16 * 1024 * 1024;
const defaultCalls: Readonly<{ [E in Experiment]: number }> = {
  'late-response': 1_000,
  'long-deadline': 1,
  'early-end': 50,
};

const program = new Command('edges')
  .description('Prints a table for each experiment; the exit code is 1 when a call does not end as it must.')
  .argument('[experiments...]', `of ${experiments.join(', ')}`, experiments)
  .option('--clients <names...>', `of ${clients.map(({ name }) => name).join(', ')}`)
  .option('--calls <n>', 'of each kind', number)
  .parse();
const options = program.opts<{ clients?: string[]; calls?: number }>();

const commands = new Map<string, CommandLine>();
for (const { name, prepare } of clients) {
  if (options.clients?.includes(name) === false) continue;
  try {
    commands.set(name, await prepare());
  } catch (error) {
    if (!(error instanceof Missing)) throw error;
    console.log(`Not run: ${name}: ${error.message}`);
  }
}

for (const experiment of program.processedArgs[0] as readonly Experiment[]) {
  const calls = options.calls ?? defaultCalls[experiment];
  const rows: (readonly (string | number)[])[] = [];
  for (const [name, command] of commands) {
    for (const { kind, ended, wrong, ...of } of await verdictsOf(experiment, name, command, calls)) {
      rows.push([name, kind, of.calls, ended, wrong]);
      if (wrong > 0) process.exitCode = 1;
    }
  }
  console.log(`\n${experiment}\n\n${table(['client', 'call', 'calls', 'ended', 'wrong'], rows)}`);
}

/** Runs one client against a server of its own. @throws Error with what it printed when it fails. */
async function verdictsOf(
  experiment: Experiment,
  name: string,
  [client, ...args]: CommandLine,
  calls: number,
): Promise<readonly Verdict[]> {
  const server = start([process.execPath, '--import', 'tsx', pathOf('interop/edges/server.ts')]);
  server.stderr!.pipe(process.stderr);
  const [line] = await once(server.stdout!, 'data');
  const port = Number(line);
  const { exitCode, output } = await run(
    [client, ...args, `--server_port=${port}`, `--experiment=${experiment}`, `--calls=${calls}`],
    { timeoutMs: MAX_RUN_MS, maxOutput: MAX_OUTPUT },
  );
  await stop(server);
  if (exitCode !== 0) throw new Error(`${name}, ${experiment}: exit code ${exitCode}\n${output.slice(-4_000)}`);
  const lines = output.trim().split('\n');
  return judge(
    experiment,
    lines.map(text => JSON.parse(text)),
  );
}
