import { Command } from 'commander';
import { connect, implement, serve } from 'rx-grpc';
import { GreetService } from '../gen/greet.ts';
import { printLines } from '../support/print-lines.ts';
import { runProgram } from '../support/run-program.ts';
import { fourShapes } from './four-shapes.ts';
import { greetings } from './greetings.ts';

const program = new Command('main').description('A client, a gateway and a server, in one: the four methods in order.');

await runProgram(program, async signal => {
  await using server = await serve('http://127.0.0.1:0', implement(GreetService, greetings(5)));
  using upstream = connect(GreetService, server.target);
  await using gateway = await serve('http://127.0.0.1:0', implement(GreetService, upstream));
  return await printLines(GreetService, gateway.target, fourShapes, signal);
});
