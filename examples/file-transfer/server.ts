import { mkdirSync } from 'node:fs';
import { Command } from 'commander';
import { implement } from 'rx-grpc';
import { Files } from '../gen/files.ts';
import { withAddress } from '../support/address.ts';
import { runServer } from '../support/run-server.ts';
import { files } from './files.ts';
import type { Told } from './inbox.ts';

const program = withAddress(new Command('server'), 50064)
  .description('Keeps files in a folder, until Ctrl-C.')
  .option('--folder <path>', 'where they are; it is made if there is none', '.data/files');

await runServer(program, () => {
  const { folder } = program.opts<{ folder: string }>();
  mkdirSync(folder, { recursive: true });
  const told: Told = (name, { bytes, of, complete }) =>
    console.log(complete ? `received ${name}, ${bytes} bytes` : `${name} was cut at ${bytes} bytes of ${of}`);
  return implement(Files, files(folder, told));
});
