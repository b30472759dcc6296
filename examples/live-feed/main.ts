import { Command } from 'commander';
import { exitCode } from '../support/exit-code.ts';
import { runProgram } from '../support/run-program.ts';
import { startChild } from '../support/start-child.ts';

const program = new Command('main').description(
  'A camera and five who watch it: one is quick, four are slow, each of these with a policy of its own.',
);

await runProgram(program, async signal => {
  const start = (name: string, file: string, ...args: string[]) => startChild(file, args, signal, name);

  await using server = start('server', 'server', '--port', '0', '--frames', '100', '--pace-ms', '10', '--readers', '5');
  const [, port = ''] = await server.printed(/listening on .*:(\d+)$/);
  const watchers = [
    start('quick', 'client', '--port', port),
    ...['latest', 'each', 'buffer', 'drop'].map(policy =>
      start(policy, 'client', '--port', port, '--policy', policy, '--pace-ms', '4'),
    ),
  ];
  const codes = await Promise.all(watchers.map(({ ended }) => ended));
  return codes.every(code => code === exitCode.ok) ? exitCode.ok : exitCode.failed;
});
