import { Command } from 'commander';
import { implement } from 'rx-grpc';
import { withAddress } from '../support/address.ts';
import { runServer } from '../support/run-server.ts';
import { StreamService } from './gen/stream-service.ts';
import { paceOf, withPace } from './pace.ts';
import { points } from './points.ts';

const program = new Command('server').description('Serves proto.StreamService, until Ctrl-C.');
await runServer(withPace(withAddress(program, 8888)), () => implement(StreamService, points(paceOf(program))));
