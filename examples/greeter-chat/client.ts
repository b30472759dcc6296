import { Command } from 'commander';
import { Greeter } from '../gen/greeter-chat.ts';
import { withAddress } from '../support/address.ts';
import { runClient } from '../support/run-client.ts';
import { wholeNumber } from '../support/whole-number.ts';
import { chat } from './chat.ts';

const program = new Command('client')
  .description('Sends each line of standard input and prints the reply, until EXIT or the end of the input.')
  .option('--timeout-ms <number>', 'how long a chat may take', wholeNumber(1), 120_000);

await runClient(withAddress(program, 8972), Greeter, greeter => {
  const { timeoutMs } = program.opts<{ timeoutMs: number }>();
  return chat(greeter, process.stdin, timeoutMs);
});
