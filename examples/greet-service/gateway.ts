import { Command } from 'commander';
import { connect, implement } from 'rx-grpc';
import { GreetService } from '../gen/greet.ts';
import { addressOf, serverUrl, withAddress } from '../support/address.ts';
import { runProgram } from '../support/run-program.ts';
import { serveUntil } from '../support/serve-until.ts';

const program = withAddress(
  new Command('gateway').description('Serves greet.GreetService from another server of it, until Ctrl-C.'),
  20_001,
).option('--upstream <url>', 'the other server', serverUrl, 'http://127.0.0.1:20000');

await runProgram(program, async signal => {
  using upstream = connect(GreetService, program.opts<{ upstream: string }>().upstream);
  // A client has the form of an implementation: handed to implement() it is a proxy, with streams, statuses and all.
  return await serveUntil(signal, addressOf(program), implement(GreetService, upstream));
});
