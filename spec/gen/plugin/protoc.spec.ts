import { execFileSync } from 'node:child_process';
import { chmodSync } from 'node:fs';
import { expect } from 'chai';
import { Project } from '../cli/support/project.ts';
import { addProtos, expectSame, pluginArgs, start } from './support/same.ts';

function isInstalled(): boolean {
  try {
    execFileSync('protoc', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

// Nobody needs protoc to use this library, or to work on it.
if (isInstalled()) {
  describe('protoc-gen-rx-grpc with protoc', () => {
    for (const folder of ['protos', 'protoc-only']) {
      it(`writes what the command writes, byte for byte, of ${folder}`, async () => {
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
