import { Command, Option } from 'commander';
import { map, takeLast } from 'rxjs';
import { Camera, Policy } from '../gen/camera.ts';
import { withAddress } from '../support/address.ts';
import { pace } from '../support/pace.ts';
import { runClient } from '../support/run-client.ts';
import { wholeNumber } from '../support/whole-number.ts';

const policies = { latest: Policy.LATEST, buffer: Policy.BUFFER, drop: Policy.DROP };

const program = withAddress(new Command('client'), 50063)
  .description('Watches a camera until it ends, or Ctrl-C.')
  .addOption(
    new Option('--policy <name>', 'what becomes of frames while it is busy')
      .choices(Object.keys(policies))
      .default('latest'),
  )
  .option('--pace-ms <ms>', 'what it does with each frame takes so long', wholeNumber(0), 0);

await runClient(program, Camera, ({ watch }) => {
  const { policy, paceMs } = program.opts<{ policy: keyof typeof policies; paceMs: number }>();
  return watch({ policy: policies[policy] }, { onHeaders: () => console.log('watching') }).pipe(
    pace(paceMs),
    map(({ number }, index) => `${index + 1} frames, the last was number ${number}`),
    takeLast(1),
  );
});
