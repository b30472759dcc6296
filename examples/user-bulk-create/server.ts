import { once } from 'node:events';
import { Command } from 'commander';
import { runProgram } from '../support/run-program.ts';
import { exitCode } from './exit-code.ts';
import { MemoryWatch } from './memory.ts';
import { count } from './progress.ts';
import { startServer } from './start-server.ts';
import { defaultRules } from './validate.ts';

const program = new Command('server')
  .description('Serves users.Users from a database in a file, until Ctrl-C.')
  .option('--listen <url>', 'where to listen; port 0 takes a free one', 'http://127.0.0.1:3000')
  .option('--database <file>', 'the SQLite file; it is created if there is none', '.data/users.db')
  .option('--reserved <last-name...>', 'last names that are taken', [...defaultRules.reservedLastNames]);

await runProgram(program, async signal => {
  const { listen, database, reserved } = program.opts<{ listen: string; database: string; reserved: string[] }>();
  const server = await startServer(listen, database, { reservedLastNames: new Set(reserved) });
  const memory = new MemoryWatch(server.answered);
  console.log(`listening on ${server.target}, ${count(server.store.count())} users in ${database}`);
  if (!signal.aborted) await once(signal, 'abort');

  const inDatabase = server.store.count();
  await server.stop();
  console.log(`answered ${count(server.answered())}, ${count(inDatabase)} users in ${database}`);
  console.log(`memory ${memory.stop()}`);
  return exitCode.ok;
});
