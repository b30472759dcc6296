import { execFileSync } from 'node:child_process';
import { chmodSync, readdirSync } from 'node:fs';
import { devNull } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { Project } from '../command/support/project.ts';
import { addProtos, expectSame, pluginArgs, start } from './support/same.ts';

/** Whether an installed protoc reads these files: old ones support neither editions nor `optional` in proto3. */
function isReadBy(protoc: string, folder: string): boolean {
  const path = join(import.meta.dirname, folder);
  const files = readdirSync(path, { recursive: true, encoding: 'utf8' }).filter(file => file.endsWith('.proto'));
  try {
    execFileSync(protoc, [`-I${path}`, `--descriptor_set_out=${devNull}`, ...files], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

// protoc is optional: neither users nor contributors need it.
const folders = ['protos', 'protoc-only'].filter(folder => isReadBy('protoc', folder));
if (folders.length > 0) {
  describe('protoc-gen-rx-grpc with protoc', () => {
    for (const folder of folders) {
      it(`writes the same files as the command, byte for byte, for ${folder}`, async () => {
        using project = new Project({
          'protoc-gen-rx-grpc': `#!/bin/sh\nexec '${process.execPath}' ${pluginArgs.map(arg => `'${arg}'`).join(' ')}\n`,
        });
        chmodSync(project.path('protoc-gen-rx-grpc'), 0o755);
        addProtos(project, folder);
        project.write('protoc/none', '');
        await start(project, 'protoc', [
          `--plugin=${project.path('protoc-gen-rx-grpc')}`,
          '-Iprotos',
          '--rx-grpc_out=int64=string:protoc',
          ...project.tree('protos'),
        ]);
        await project.run('generate', './protos', '--out', './command', '--int64', 'string');
        expect(project.tree('command')).not.to.deep.equal([]);
        project.write('command/none', '');
        expectSame(project, 'protoc', 'command', project.tree('command'));
      }).timeout(60_000);
    }
  });
}
