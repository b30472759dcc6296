import { Command } from 'commander';
import { implement } from 'rx-grpc';
import { GreetService } from '../gen/greet.ts';
import { withAddress } from '../support/address.ts';
import { runServer } from '../support/run-server.ts';
import { wholeNumber } from '../support/whole-number.ts';
import { greetings } from './greetings.ts';

const program = new Command('server')
  .description('Serves greet.GreetService, until Ctrl-C.')
  .option('--times <number>', 'how often GreetServerStream answers', wholeNumber(0, 1_000_000), 5);

await runServer(withAddress(program, 20_000), () =>
  implement(GreetService, greetings(program.opts<{ times: number }>().times)),
);
