import { Command } from 'commander';
import { map, take } from 'rxjs';
import { Countdown } from '../gen/countdown.ts';
import { withAddress } from '../support/address.ts';
import { runClient } from '../support/run-client.ts';
import { wholeNumber } from '../support/whole-number.ts';

const program = withAddress(new Command('client'), 50060)
  .description('Has the server behind the gateway count down.')
  .option('--from <number>', 'where to begin', wholeNumber(0), 3)
  .option('--pace-ms <ms>', 'between two numbers', wholeNumber(0), 200)
  .option('--timeout-ms <ms>', 'when to give up', wholeNumber(0), 10_000)
  .option('--take <numbers>', 'cancel the call when so many have come', wholeNumber(1), Infinity)
  .option('--id <text>', 'x-request-id, which the gateway passes on', 'r-1');

await runClient(program, Countdown, ({ count }) => {
  const options = program.opts<{ from: number; paceMs: number; timeoutMs: number; take: number; id: string }>();
  const { from, paceMs, timeoutMs, take: most, id } = options;
  const metadata = { 'x-request-id': id, authorization: 'Bearer a secret between us and the gateway' };
  return count({ from, paceMs }, { metadata, timeoutMs }).pipe(
    take(most),
    map(({ left }) => `${left} left`),
  );
});
