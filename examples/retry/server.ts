import { Command } from 'commander';
import { implement } from 'rx-grpc';
import { Journal } from '../gen/journal.ts';
import { withAddress } from '../support/address.ts';
import { runServer } from '../support/run-server.ts';
import { wholeNumber } from '../support/whole-number.ts';
import { read } from './read.ts';

const program = withAddress(new Command('server'), 50062)
  .description('Serves a journal, until Ctrl-C or worse.')
  .option('--entries <number>', 'in the journal', wholeNumber(0), 30)
  .option('--pace-ms <ms>', 'between two entries', wholeNumber(0), 50);

await runServer(program, () => {
  const { entries, paceMs } = program.opts<{ entries: number; paceMs: number }>();
  return implement(Journal, { read: read(entries, paceMs) });
});
