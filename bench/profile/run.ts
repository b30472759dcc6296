// A CPU profile of each side of any cell, and where the time went in short.
//
//   npm run bench:profile -- --cell bidi-32B-1 [--contender rx-grpc] [--seconds 2] [--build folder] [--out folder]
import { mkdirSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { build as compile } from '../contenders/build.ts';
import { cells, nameOf } from '../throughput/cells.ts';
import { contenders } from '../throughput/contender.ts';
import { Pair } from '../throughput/pair.ts';
import { summary } from './summary.ts';

const root = join(import.meta.dirname, '../..');
const text = { type: 'string' } as const;
const { values } = parseArgs({ options: { cell: text, contender: text, seconds: text, build: text, out: text } });
const { contender = 'rx-grpc', seconds = '2', out = join(root, '.data/profiles') } = values;
const cell = cells.find(one => nameOf(one) === values.cell);
if (cell === undefined || !(contender in contenders) || !(Number(seconds) > 0)) {
  console.error(
    'usage: npm run bench:profile -- --cell <name> [--contender <name>] [--seconds <n>] [--build <folder>]',
  );
  console.error(`cells: ${cells.map(nameOf).join(', ')}\ncontenders: ${Object.keys(contenders).join(', ')}`);
  process.exit(2);
}

compile(join(import.meta.dirname, '../throughput'));
mkdirSync(out, { recursive: true });
const path = (role: string) => resolve(out, `${values.cell}.${contender}.${role}.cpuprofile`);
const build = values.build === undefined ? undefined : resolve(values.build);
const pair = await Pair.start({ name: contender, build });
try {
  await pair.prepare();
  await pair.slice(cell, 1); // to be compiled before it is watched
  await pair.collect();
  await pair.profiled(() => pair.slice(cell, Number(seconds)), path);
} finally {
  await pair.stop();
}
for (const role of ['client', 'server']) {
  console.log(`\n${role}: ${relative(process.cwd(), path(role))}\n${summary(path(role))}`);
}
