import { lstatSync } from 'node:fs';
import { expect } from 'chai';
import { Failure } from '../../../cli/command/exit-code.ts';
import { writeFiles } from '../../../cli/command/write-files.ts';
import { runChild } from '../../support/run-child.ts';
import { Project } from './support/project.ts';

describe('writeFiles', () => {
  it('writes all files or none: a failure leaves neither files nor folders', () => {
    using project = new Project({ 'gen/file': 'a file' });
    const write = ['new/deep/a.ts', 'b.ts', 'file/c.ts'].map(name => ({
      path: project.path(`gen/${name}`),
      text: name,
    }));
    expect(() => writeFiles(write)).to.throw(Failure, 'cannot be written');
    expect(project.tree('gen')).to.deep.equal(['file']);
    expect(lstatSync(project.path('gen/new'), { throwIfNoEntry: false })).to.equal(undefined);
    writeFiles(write.slice(0, 2));
    expect(project.tree('gen')).to.deep.equal(['b.ts', 'file', 'new/deep/a.ts']);
  });

  it('defers SIGINT until it has finished', async () => {
    using project = new Project();
    const { code, stdout } = await runChild(`
      import { readdirSync } from 'node:fs';
      import { writeFiles } from './cli/command/write-files.ts';
      const folder = ${JSON.stringify(project.folder)};
      const write = Array.from({ length: 50 }, (_, i) => ({
        path: folder + '/' + i + '.ts',
        // The signal comes while the files are being written.
        get text() {
          if (i === 25) process.kill(process.pid, 'SIGINT');
          return String(i);
        },
      }));
      writeFiles(write);
      console.log(readdirSync(folder).length);
      setTimeout(() => console.log('not ended'), 10_000);
    `);
    expect(stdout).to.equal('50\n');
    expect(code).to.equal(null);
    expect(project.tree('.').every(name => /^\d+\.ts$/.test(name))).to.equal(true);
  });
});
