import { Command } from 'commander';
import { implement } from 'rx-grpc';
import { Greeter } from '../gen/greeter-chat.ts';
import { runBoth } from '../support/run-both.ts';
import { chat } from './chat.ts';
import { greeter } from './greeter.ts';

const program = new Command('main').description('A chat with a server that it brings along: type a line, or EXIT.');
await runBoth(
  program,
  Greeter,
  () => implement(Greeter, greeter),
  client => chat(client, process.stdin, 120_000),
);
