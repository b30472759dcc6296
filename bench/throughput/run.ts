// How fast rx-grpc is beside others, each with server and client in two processes on loopback: npm run bench -- --help
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from '../contenders/build.ts';
import { cells, nameOf } from './cells.ts';
import { type Options, readOptions, usage } from './options.ts';
import { keep, report } from './results.ts';
import { startUps } from './start-up.ts';
import { type Result, trial } from './trial.ts';

const args = process.argv.slice(2);
if (args.includes('--help')) console.log(usage);
else if (args.includes('--list')) console.log([...cells.map(nameOf), 'startUp'].join('\n'));
else await run(options());

async function run(chosen: Options): Promise<void> {
  build(import.meta.dirname);
  const results: Result[] = [];
  for (const [i, cell] of chosen.cells.entries()) {
    process.stderr.write(`${i + 1} of ${chosen.cells.length}: ${nameOf(cell)}\n`);
    results.push(...(await trial(cell, chosen)));
  }
  const starts = chosen.hasStartUp ? await startUps(chosen) : [];
  const { text, json } = report(results, starts, chosen);
  console.log(text);
  writeFileSync(chosen.json ?? join(import.meta.dirname, 'dist/results.json'), `${JSON.stringify(json, null, 1)}\n`);
  if (chosen.isFull) keep(text);
}

function options(): Options {
  try {
    return readOptions(args);
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${usage}`);
    process.exit(2);
  }
}
