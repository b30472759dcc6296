import { Command } from 'commander';
import { exitCode } from '../support/exit-code.ts';
import { runProgram } from '../support/run-program.ts';
import { startChild } from '../support/start-child.ts';

const program = new Command('main').description(
  'A server, a gateway and a client in three processes: a call that ends by itself, one that is cancelled, one whose time is up.',
);

await runProgram(program, async signal => {
  const start = (name: string, ...args: string[]) => startChild(name, args, signal);

  await using server = start('server', '--port', '0');
  const [, serverPort = ''] = await server.printed(/listening on .*:(\d+)$/);
  await using gateway = start('gateway', '--port', '0', '--to', serverPort);
  const [, gatewayPort = ''] = await gateway.printed(/listening on .*:(\d+)$/);

  const calls = {
    whole: [],
    cancelled: ['--from', '1000', '--take', '2'],
    late: ['--from', '1000', '--timeout-ms', '1500'],
  };
  for (const [id, args] of Object.entries(calls)) {
    await start('client', '--port', gatewayPort, '--id', id, ...args).ended;
    await server.printed(new RegExp(`^${id} is `)); // the far handler has heard of it
  }
  return exitCode.ok;
});
