// How cost, throughput and heap grow: with the messages of one stream, with streams, connections and calls at once.
//
//   npm run bench:growth -- [--only download,calls] [--messages 1e8] [--json file] [--from file]
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { build } from '../contenders/build.ts';
import { machine } from '../contenders/machine.ts';
import { Pair } from '../throughput/pair.ts';
import { putInto } from '../throughput/results.ts';
import { experiments, type Point } from './experiments.ts';
import { plotOf, tableOf } from './report.ts';

/** The points of one experiment by contender, and of which experiment. */
export interface Growth {
  readonly name: string;
  readonly machine: string;
  readonly points: Readonly<Record<string, readonly Point[]>>;
}

const text = { type: 'string' } as const;
const { values } = parseArgs({ options: { only: text, messages: text, json: text, from: text } });
const { json = join(import.meta.dirname, '../throughput/dist/growth.json'), messages = '1e8', from } = values;
const chosen = experiments.filter(({ name }) => values.only === undefined || values.only.split(',').includes(name));
if (chosen.length === 0 || !(Number(messages) >= 1)) {
  console.error('usage: npm run bench:growth -- [--only <name,...>] [--messages <n>] [--json <file>] [--from <file>]');
  console.error(`names: ${experiments.map(({ name }) => name).join(', ')}`);
  process.exit(2);
}

const growths: Growth[] = from === undefined ? await measured() : JSON.parse(readFileSync(from, 'utf8'));
const parts = experiments.flatMap(experiment => {
  const growth = growths.find(({ name }) => name === experiment.name);
  if (growth === undefined) return [];
  writeFileSync(new URL(`../plots/growth-${growth.name}.svg`, import.meta.url), plotOf(experiment, growth.points));
  const image = `![${experiment.title}](plots/growth-${growth.name}.svg)`;
  return [
    `### ${experiment.title}\n\nMachine: ${growth.machine}.\n\n${image}\n\n${tableOf(experiment, growth.points)}`,
  ];
});
const page = parts.join('\n\n');
console.log(page);
if (growths.length === experiments.length)
  putInto(new URL('../README.md', import.meta.url), 'npm run bench:growth', page);

async function measured(): Promise<Growth[]> {
  build(join(import.meta.dirname, '../throughput'));
  const done: Growth[] = [];
  for (const { name, contenders, points } of chosen) {
    const found: Record<string, readonly Point[]> = {};
    done.push({ name, machine: machine(), points: found });
    for (const contender of contenders) {
      process.stderr.write(`${name}: ${contender}\n`);
      found[contender] = await withPairs(contender, start => points(start, Math.round(Number(messages))));
      writeFileSync(json, `${JSON.stringify(done, null, 1)}\n`);
    }
  }
  return done;
}

/** Stops all that was started. */
async function withPairs<T>(name: string, work: (start: () => Promise<Pair>) => Promise<T>): Promise<T> {
  const pairs: Pair[] = [];
  const start = async () => {
    const pair = await Pair.start({ name });
    pairs.push(pair);
    await pair.prepare();
    return pair;
  };
  try {
    return await work(start);
  } finally {
    await Promise.all(pairs.map(pair => pair.stop()));
  }
}
