// How fast rx-grpc is beside others, each with server and client in two processes on loopback: npm run bench -- --help
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from '../contenders/build.ts';
import { cells, isMain, nameOf } from './cells.ts';
import { GRPC_GO, type Variant } from './contender.ts';
import { type Options, readOptions, usage } from './options.ts';
import { buildGrpcGo, installNode } from './programs.ts';
import { about, keep, report } from './results.ts';
import { startUps } from './start-up.ts';
import type { Run } from './tables.ts';
import { expectedSeconds, type Result, trial } from './trial.ts';

const args = process.argv.slice(2);
if (args.includes('--help')) console.log(usage);
else if (args.includes('--list')) console.log([...cells.map(nameOf), 'startUp'].join('\n'));
else show(await finished(options()));

async function finished(chosen: Options): Promise<Run> {
  if (chosen.from !== undefined) return JSON.parse(readFileSync(chosen.from, 'utf8'));
  build(import.meta.dirname);
  return measured({ ...chosen, variants: chosen.variants.filter(isThere) });
}

function show(run: Run): void {
  console.log(report(run));
  if (run.isFull) keep(run);
}

async function measured(chosen: Options): Promise<Run> {
  const { variants, settings } = chosen;
  const trials = [
    ...chosen.cells.map(cell => ({ cell, variants })),
    ...(settings.length === 0 ? [] : chosen.cells.filter(isMain).map(cell => ({ cell, variants: settings }))),
  ].map(one => ({ ...one, seconds: expectedSeconds(one.cell, one.variants, chosen) }));
  const total = trials.reduce((sum, { seconds }) => sum + seconds, 0);
  process.stderr.write(`${trials.length} trials, about ${minutes(total)} on two cores\n`);

  const begin = performance.now();
  const results: Result[] = [];
  let done = 0;
  for (const [i, { cell, variants, seconds }] of trials.entries()) {
    const pace = done === 0 ? 1 : (performance.now() - begin) / 1000 / done;
    process.stderr.write(
      `${i + 1} of ${trials.length}: ${nameOf(cell)}, about ${minutes((total - done) * pace)} to go\n`,
    );
    results.push(...(await trial(cell, variants, chosen)));
    done += seconds;
    save({ ...about(chosen), isFull: false, results, startUps: [] }, chosen);
  }
  const starts = chosen.hasStartUp ? await startUps(variants, chosen.rounds) : [];
  const run = { ...about(chosen), isFull: chosen.isFull, results, startUps: starts };
  save(run, chosen);
  return run;
}

function save(run: Run, { json }: Options): void {
  const rounded = (_: string, value: unknown) => (typeof value === 'number' ? Number(value.toPrecision(6)) : value);
  writeFileSync(json ?? join(import.meta.dirname, 'dist/results.json'), `${JSON.stringify(run, rounded, 1)}\n`);
}

function isThere({ name }: Variant): boolean {
  if (name !== GRPC_GO) return true;
  try {
    buildGrpcGo();
    return true;
  } catch (error) {
    process.stderr.write(`${GRPC_GO} is left out: ${(error as Error).message}\n`);
    return false;
  }
}

function options(): Options {
  try {
    return readOptions(args, installNode);
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${usage}`);
    process.exit(2);
  }
}

function minutes(seconds: number): string {
  return `${Math.max(1, Math.round(seconds / 60))} min`;
}
