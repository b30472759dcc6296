import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { compiled } from '../../support/compiled.ts';

const root = join(import.meta.dirname, '../../..');

describe('The tests of examples/testing', () => {
  for (const [file, tests] of [
    ['alerts', 3],
    ['stations', 8],
    ['wire', 1],
  ] as const) {
    it(`pass, all ${tests} of them: ${file}.test.ts`, async () => {
      const args = ['--test', '--test-reporter=tap', compiled(join(root, `examples/testing/${file}.test.ts`))];
      const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: root });
      expect(stdout).to.match(new RegExp(`^# pass ${tests}$`, 'm'));
      expect(stdout).to.match(/^# fail 0$/m);
    });
  }
});
