import { Command } from 'commander';
import { withAddress } from '../support/address.ts';
import { runClient } from '../support/run-client.ts';
import { StreamService } from './gen/stream-service.ts';
import { paceOf, withPace } from './pace.ts';
import { threeShapes } from './three-shapes.ts';

const program = new Command('client').description('Calls List, Record and Route, one after the other.');
await runClient(withPace(withAddress(program, 8888)), StreamService, client => threeShapes(client, paceOf(program)));
