import { Command } from 'commander';
import { implement } from 'rx-grpc';
import { runBoth } from '../support/run-both.ts';
import { StreamService } from './gen/stream-service.ts';
import { paceOf, withPace } from './pace.ts';
import { points } from './points.ts';
import { threeShapes } from './three-shapes.ts';

const program = new Command('main').description('Calls List, Record and Route of a server that it brings along.');
await runBoth(
  withPace(program),
  StreamService,
  () => implement(StreamService, points(paceOf(program))),
  client => threeShapes(client, paceOf(program)),
);
