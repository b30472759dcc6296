import { Command } from 'commander';
import { codeName } from 'rx-grpc';
import { map } from 'rxjs';
import { Journal } from '../gen/journal.ts';
import { withAddress } from '../support/address.ts';
import { runClient } from '../support/run-client.ts';
import { wholeNumber } from '../support/whole-number.ts';
import { type Patience, readAll } from './read-all.ts';

const program = withAddress(new Command('client'), 50062)
  .description('Reads a journal to its end, also when the server goes away in the middle and comes back.')
  .option('--tries <number>', 'failures in a row after which it gives up', wholeNumber(1), 8)
  .option('--backoff-ms <ms>', 'before the second try, twice as long before each one after it', wholeNumber(0), 100)
  .option('--max-backoff-ms <ms>', 'the longest wait', wholeNumber(0), 2000);

await runClient(program, Journal, ({ read }) => {
  const onWait: Patience['onWait'] = ({ code }, waitMs, last) =>
    console.error(`${codeName(code)} after entry ${last}: the next try in ${waitMs} ms`);
  return readAll(read, { ...program.opts<Patience>(), onWait }).pipe(map(({ number, text }) => `${number} ${text}`));
});
