import { createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Command } from 'commander';
import { runProgram } from '../support/run-program.ts';
import { wholeNumber } from '../support/whole-number.ts';
import { exitCode } from './exit-code.ts';
import { badKinds, generateUsers } from './generate-users.ts';
import { makeFolderOf } from './make-folder-of.ts';
import { count } from './progress.ts';

const program = new Command('generate')
  .description(
    'Writes a CSV of users, with a known number of bad ones of each kind. The same seed gives the same file.',
  )
  .argument('<users>', 'how many', wholeNumber(1))
  .argument('[file]', 'where to; - for standard output', '-')
  .option('--seed <number>', 'another seed, other users', wholeNumber(0), 1)
  .option('--bad <number>', 'bad users of each kind (default: 1 in 200)', wholeNumber(0));

await runProgram(program, async signal => {
  const [users, file] = program.processedArgs as [number, string];
  const { seed, bad = Math.floor(users / 200) } = program.opts<{ seed: number; bad?: number }>();
  if (file !== '-') makeFolderOf(file);
  const out = file === '-' ? process.stdout : createWriteStream(file);
  try {
    await pipeline(Readable.from(generateUsers(users, seed, bad)), out, { signal, end: file !== '-' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPIPE') throw error; // who reads has enough
  }
  const good = users - bad * badKinds.length;
  console.error(`${count(users)} users: ${count(good)} good, ${count(bad)} of each: ${badKinds.join(', ')}`);
  return exitCode.ok;
});
