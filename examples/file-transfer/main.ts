import { randomFillSync } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { exitCode } from '../support/exit-code.ts';
import { runProgram } from '../support/run-program.ts';
import { startChild } from '../support/start-child.ts';

const program = new Command('main').description(
  'A file goes to a server and comes back. On either way the client is killed in the middle, and another one goes on.',
);

await runProgram(program, async signal => {
  const folder = mkdtempSync(join(tmpdir(), 'file-transfer-'));
  const start = (name: string, ...args: string[]) => startChild(name, args, signal);
  try {
    const file = join(folder, 'noise.bin');
    writeFileSync(file, randomFillSync(Buffer.alloc(8 * 1024 * 1024)));
    await using server = start('server', '--port', '0', '--folder', join(folder, 'there'));
    const [, port = ''] = await server.printed(/listening on .*:(\d+)$/);

    const back = join(folder, 'back');
    mkdirSync(back);
    for (const args of [
      ['upload', file],
      ['download', 'noise.bin', '--folder', back],
    ]) {
      console.log(args[0]);
      const cut = start('client', ...args, '--port', port, '--pace-ms', '5');
      await cut.printed(/^40 %/);
      cut.kill('SIGKILL');
      await cut.ended;
      if (args[0] === 'upload') await server.printed(/ was cut at /);
      const code = await start('client', ...args, '--port', port).ended;
      if (code !== exitCode.ok) return code ?? exitCode.failed;
    }
    const isSame = readFileSync(file).equals(readFileSync(join(back, 'noise.bin')));
    console.log(isSame ? 'what came back is what was sent' : 'what came back is not what was sent');
    return isSame ? exitCode.ok : exitCode.failed;
  } finally {
    rmSync(folder, { recursive: true });
  }
});
