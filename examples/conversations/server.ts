import { Command } from 'commander';
import { implement } from 'rx-grpc';
import { Stream } from '../gen/conversations.ts';
import { withAddress } from '../support/address.ts';
import { runServer } from '../support/run-server.ts';
import { answers } from './answers.ts';

const program = new Command('server').description('Answers the questions of proto.Stream, until Ctrl-C.');
await runServer(withAddress(program, 8000), () => implement(Stream, answers));
