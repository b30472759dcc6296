import { Command } from 'commander';
import { exitCode } from '../support/exit-code.ts';
import { runProgram } from '../support/run-program.ts';
import { startChild } from '../support/start-child.ts';

const program = new Command('main').description(
  'A client reads a journal. In the middle the server is killed, and another one started in its place.',
);

await runProgram(program, async signal => {
  const start = (name: string, ...args: string[]) => startChild(name, args, signal);

  await using server = start('server', '--port', '0');
  const [, port = ''] = await server.printed(/listening on .*:(\d+)$/);
  await using client = start('client', '--port', port, '--tries', '20');
  await client.printed(/^10 /);
  server.kill('SIGKILL');
  await client.printed(/ after entry /);
  await using _another = start('server', '--port', port);
  return (await client.ended) ?? exitCode.failed;
});
