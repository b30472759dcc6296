import { Command, Option } from 'commander';
import { map, takeLast, tap } from 'rxjs';
import { Camera } from '../gen/camera.ts';
import { withAddress } from '../support/address.ts';
import { pace } from '../support/pace.ts';
import { runClient } from '../support/run-client.ts';
import { milliseconds, wholeNumber } from '../support/whole-number.ts';
import { policies } from './policies.ts';

const program = withAddress(new Command('client'), 50063)
  .description('Watches a camera until it ends, or Ctrl-C.')
  .addOption(
    new Option('--policy <name>', 'what becomes of sightings while it is busy')
      .choices(Object.keys(policies))
      .default('latest'),
  )
  .option('--pace-ms <ms>', 'what it does with each sighting takes so long', milliseconds, 0)
  .option('--max-waiting <sightings>', 'that may wait with --policy buffer', wholeNumber(1), 100_000);

await runClient(program, Camera, ({ watch }) => {
  const { policy, paceMs, maxWaiting } = program.opts<{
    policy: keyof typeof policies;
    paceMs: number;
    maxWaiting: number;
  }>();
  let newest = 0;
  let behind = 0;
  return watch({}, { onHeaders: () => console.log('watching') }).pipe(
    tap(({ number }) => {
      newest = number;
    }),
    policies[policy](maxWaiting),
    tap(({ number }) => {
      behind = Math.max(behind, newest - number);
    }),
    pace(paceMs),
    map(
      ({ number }, index) => `${index + 1} sightings, the last was number ${number}, never more than ${behind} behind`,
    ),
    takeLast(1),
  );
});
