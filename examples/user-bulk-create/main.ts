import { createWriteStream, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Command } from 'commander';
import { runProgram } from '../support/run-program.ts';
import { wholeNumber } from '../support/whole-number.ts';
import { exitCode } from './exit-code.ts';
import { badKinds, generateUsers } from './generate-users.ts';
import { count } from './progress.ts';
import { runUpload } from './run-upload.ts';
import { startServer } from './start-server.ts';
import { defaultRules } from './validate.ts';

const program = new Command('main')
  .description('The whole of it in one: generates users, serves, uploads, and leaves nothing behind.')
  .option('--users <number>', 'how many', wholeNumber(1), 5000)
  .option('--seed <number>', 'another seed, other users', wholeNumber(0), 1);

await runProgram(program, async signal => {
  const { users, seed } = program.opts<{ users: number; seed: number }>();
  const bad = Math.floor(users / 200);
  const folder = mkdtempSync(join(tmpdir(), 'user-bulk-create-'));
  try {
    const input = join(folder, 'users.csv');
    await pipeline(Readable.from(generateUsers(users, seed, bad)), createWriteStream(input), { signal });
    console.log(`${count(users)} users generated, ${count(bad)} of each: ${badKinds.join(', ')}`);

    const server = await startServer('http://127.0.0.1:0', join(folder, 'users.db'), defaultRules);
    console.log(`server at ${server.target}`);
    try {
      const code = await runUpload(
        { input, target: server.target, skip: 0, resume: false, failOnReject: false, every: 2 },
        signal,
      );
      const rejects = `${input}.rejects.csv`;
      if (existsSync(rejects)) console.log(`which is removed now and begins with\n${head(rejects, 4)}`);
      const inDatabase = server.store.count();
      console.log(`database  ${count(inDatabase)} users`);
      const isAsExpected = inDatabase === users - bad * badKinds.length;
      return code === exitCode.ok && !isAsExpected ? exitCode.failed : code;
    } finally {
      await server.stop();
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});

function head(path: string, lines: number): string {
  return readFileSync(path, 'utf8')
    .split('\n', lines)
    .map(line => `  ${line}`)
    .join('\n');
}
