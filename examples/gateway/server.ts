import { Command } from 'commander';
import { implement } from 'rx-grpc';
import { Countdown } from '../gen/countdown.ts';
import { withAddress } from '../support/address.ts';
import { runServer } from '../support/run-server.ts';
import { count } from './count.ts';

const program = withAddress(new Command('server'), 50061).description(
  'Counts down, until Ctrl-C, and says how each call ended.',
);

await runServer(program, () => implement(Countdown, { count }));
