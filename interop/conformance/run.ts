// connectrpc's conformance suite against rx-grpc, as a server and as a client.
import { Command } from 'commander';
import { Missing } from '../peers/peer.ts';
import { type Mode, prepareRunner, runSuite } from './runner.ts';

const program = new Command('conformance')
  .description(
    'Prints counts and failures; the exit code is 1 when a case fails. CONFORMANCE_RUNNER is the runner to take.',
  )
  .option('--mode <mode>', 'server or client (default: both)')
  .option('--run <patterns...>', 'cases to run, as the runner takes them: "Errors/**"', [])
  .option('--strict', "a note of the suite's client on how trailers are written is a failure")
  .parse();
const options = program.opts<{ mode?: Mode; run: string[]; strict?: true }>();
const modes: readonly Mode[] = options.mode === undefined ? ['server', 'client'] : [options.mode];
const MAX_REASON = 300;

try {
  const runner = await prepareRunner();
  for (const mode of modes) {
    const { total, passed, failures, expected } = await runSuite(runner, mode, options.run);
    const notes = failures.filter(({ isNote }) => isNote).length;
    const faults = options.strict ? failures : failures.filter(({ isNote }) => !isNote);
    const known = expected > 0 ? `, ${expected} fail as expected` : '';
    console.log(`${mode}: ${passed + notes} of ${total} (strict: ${passed})${known}`);
    for (const { name, reason } of faults) console.log(`FAILS ${name}\n      ${reason.slice(0, MAX_REASON)}`);
    if (faults.length > 0) process.exitCode = 1;
  }
} catch (error) {
  if (!(error instanceof Missing)) throw error;
  console.log(`Not run: ${error.message}`);
}
