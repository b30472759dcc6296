// Mixed calls, cancels, deadlines, errors and server restarts for as long as told; then all counts must agree, and memory and
// handles be what they were. `npm run soak -- --minutes 10 [--seed 1] [--workers 40]`
import { parseArgs } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Ledger } from './ledger.ts';
import { random } from './random.ts';
import { startService } from './service.ts';
import { type Sample, verdict } from './verdict.ts';
import { work } from './work.ts';

setFlagsFromString('--expose-gc');
const collect: () => void = runInNewContext('gc');

const { values } = parseArgs({
  options: { minutes: { type: 'string' }, seed: { type: 'string' }, workers: { type: 'string' } },
});
const minutes = Number(values.minutes ?? 1);
const seed = Number(values.seed ?? Date.now() % 1_000_000);
const workers = Number(values.workers ?? 40);
if (!(minutes > 0) || !(workers > 0) || Number.isNaN(seed)) {
  console.error('usage: npm run soak -- --minutes <n> [--seed <n>] [--workers <n>]');
  process.exit(2);
}
console.log(`soak: ${minutes} minutes, ${workers} workers, seed ${seed}`);

const PERIOD_MS = 10_000;
const next = random(seed);
const ledger = new Ledger();
const service = await startService(ledger);
const end = Date.now() + minutes * 60_000;
const samples: Sample[] = [];

while (Date.now() < end) {
  const until = Math.min(end, Date.now() + PERIOD_MS);
  const running = Array.from({ length: workers }, () => work(service, ledger, next, until));
  // Once in a period, while calls run: with a grace that some of them outlive.
  const restarting = new Promise<void>(resolve => {
    setTimeout(() => service.restart(next(300)).then(resolve), next(PERIOD_MS / 2));
  });
  await Promise.all([...running, restarting]);
  await service.settled();
  samples.push(await sample());
  const { heapMiB, residentMiB, handles } = samples.at(-1)!;
  console.log(
    `${ledger.line()} heap ${heapMiB.toFixed(1)} MiB, resident ${residentMiB.toFixed(0)} MiB, handles ${handles}`,
  );
}
await service.stop();
const failures = [...ledger.failures, ...verdict(samples)];
console.log(ledger.table());
for (const failure of failures.slice(0, 20)) console.error(`FAILED: ${failure}`);
console.log(
  failures.length === 0 ? 'soak: all counts agree, heap and handles are flat' : `soak: ${failures.length} failures`,
);
process.exitCode = failures.length === 0 ? 0 : 1;

async function sample(): Promise<Sample> {
  // What has just ended is let go a few turns later.
  for (let turn = 0; turn < 200; turn++) await new Promise(setImmediate);
  collect();
  await new Promise(setImmediate);
  collect();
  const { heapUsed, rss } = process.memoryUsage();
  const handles = process.getActiveResourcesInfo().filter(kind => kind !== 'Immediate').length;
  return { heapMiB: heapUsed / 2 ** 20, residentMiB: rss / 2 ** 20, handles };
}
