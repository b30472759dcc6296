import { Command } from 'commander';
import { implement } from 'rx-grpc';
import { Stream } from '../gen/conversations.ts';
import { runBoth } from '../support/run-both.ts';
import { answers } from './answers.ts';
import { questions } from './questions.ts';

const program = new Command('main').description('Asks five questions of a server that it brings along.');
await runBoth(
  program,
  Stream,
  () => implement(Stream, answers),
  client => questions(client, 5),
);
