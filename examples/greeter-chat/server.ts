import { Command } from 'commander';
import { implement } from 'rx-grpc';
import { Greeter } from '../gen/greeter-chat.ts';
import { withAddress } from '../support/address.ts';
import { runServer } from '../support/run-server.ts';
import { greeter } from './greeter.ts';

const program = new Command('server').description('Chats with everybody who comes, until Ctrl-C.');
await runServer(withAddress(program, 8972), () => implement(Greeter, greeter));
