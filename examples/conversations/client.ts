import { Command } from 'commander';
import { Stream } from '../gen/conversations.ts';
import { withAddress } from '../support/address.ts';
import { runClient } from '../support/run-client.ts';
import { wholeNumber } from '../support/whole-number.ts';
import { questions } from './questions.ts';

const program = new Command('client')
  .description('Asks questions, each when the one before was answered.')
  .option('--questions <number>', 'how many', wholeNumber(0), 5);

await runClient(withAddress(program, 8000), Stream, client =>
  questions(client, program.opts<{ questions: number }>().questions),
);
