/**
 * Encoding and decoding with our generated code and with that of others. Each contender of each round has a process of its own,
 * so that none spoils what V8 knows of another; a ratio is the median of the rounds'. Writes bench/codec/RESULTS.md with --write.
 *
 *   npx tsx bench/codec/run.ts [rounds] [milliseconds of a measurement] [--write]
 */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { build } from './build.ts';
import { type Measured, table } from './table.ts';

const [rounds = '7', ms = '30'] = process.argv.slice(2).filter(arg => !arg.startsWith('-'));
const { child, code } = build();
const measured: Record<string, Measured[][]> = Object.fromEntries(Object.keys(code).map(name => [name, []]));
for (let round = 0; round < Number(rounds); round++) {
  for (const [name, file] of Object.entries(code)) {
    const output = execFileSync(process.execPath, [child, name, file, ms], { encoding: 'utf8' });
    measured[name]!.push(JSON.parse(output) as Measured[]);
  }
}
const text = table(measured);
process.stdout.write(text);
if (process.argv.includes('--write')) {
  const header = `# Codecs

\`npx tsx bench/codec/run.ts ${rounds} ${ms} --write\` on Node ${process.version}: nanoseconds of CPU of the generated
code of rx-grpc (median of ${rounds} rounds, each in a process of its own), and the ratio to each other codec (median of the ratios
within a round). Below 1, rx-grpc is faster. load() is the interpreter of rx-grpc. protobufjs is its static code: decode with toObject, create
with encode, and 64-bit integers as numbers. ts-proto has bigint and unions, like rx-grpc.

`;
  writeFileSync(new URL('RESULTS.md', import.meta.url), header + text);
}
