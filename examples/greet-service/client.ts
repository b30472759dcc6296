import { Command } from 'commander';
import { GreetService } from '../gen/greet.ts';
import { withAddress } from '../support/address.ts';
import { runClient } from '../support/run-client.ts';
import { fourShapes } from './four-shapes.ts';

const program = new Command('client').description('Calls the four methods of greet.GreetService in order.');
await runClient(withAddress(program, 20_000), GreetService, fourShapes);
