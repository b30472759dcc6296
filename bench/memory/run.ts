// How many messages a producer is let run ahead of a reader that takes one a millisecond, and how much memory that costs,
// for rx-grpc and others.
//
//   npm run build && npx tsx bench/memory/run.ts [--quick] [contender ...]
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { build } from '../contenders/build.ts';
import { type Cell, directions, nameOf, pipelines } from './cells.ts';
import { contenders } from './contender.ts';
import { results } from './results.ts';
import type { Row } from './table.ts';
import { type Result, trial } from './trial.ts';

const READS = 3000;
const READS_QUICK = 500;

const { values, positionals } = parseArgs({ options: { quick: { type: 'boolean' } }, allowPositionals: true });
const reads = values.quick ? READS_QUICK : READS;
const chosen = Object.entries(contenders).filter(
  ([, { file }]) => positionals.length === 0 || positionals.includes(file),
);

build(import.meta.dirname);
const rows: Row[] = [];
for (const pipeline of pipelines) {
  for (const direction of directions) {
    for (const [contender, entry] of chosen) {
      if (entry.pipelines.includes(pipeline)) rows.push(await row(contender, entry.file, { direction, pipeline }));
    }
  }
}
const text = results(rows, reads, process.argv.slice(2));
console.log(text);
if (positionals.length === 0 && !values.quick) writeFileSync(new URL('RESULTS.md', import.meta.url), text);

async function row(contender: string, file: string, cell: Cell): Promise<Row> {
  process.stderr.write(`${nameOf(cell)}: ${contender}\n`);
  const result = await trial(file, cell, reads).catch((error: Error): Result | Error => error);
  return { contender, cell, result };
}
