import { expect } from 'chai';
import { Project, proto } from './support/project.ts';

describe('rx-grpc generate --check', () => {
  it('exits with 0 when the folder is up to date', async () => {
    using project = new Project({ 'protos/a.proto': proto('A'), 'protos/b.proto': proto('B') });
    await project.run('generate', './protos', '--out', './gen');
    expect(await project.run('generate', './protos', '--out', './gen', '--check')).to.deep.equal({
      code: 0,
      out: 'gen: 2 up to date\n',
      err: '',
    });
  });

  it('exits with 1, lists stale, missing and surplus files, and changes nothing', async () => {
    using project = new Project({
      'protos/a.proto': proto('A'),
      'protos/b.proto': proto('B'),
      'protos/d.proto': proto('D'),
    });
    await project.run('generate', './protos', '--out', './gen');
    project.write('protos/a.proto', proto('A2'));
    project.write('protos/new/c.proto', proto('C'));
    const before = project.tree('gen').map(file => project.read(`gen/${file}`));
    const args = ['./protos/a.proto', './protos/b.proto', './protos/new/c.proto', '--out', './gen', '--check'];
    expect(await project.run('generate', ...args)).to.deep.equal({
      code: 1,
      out: '',
      err: 'gen/a.ts: stale\ngen/d.ts: left over: it was generated from d.proto\ngen/new/c.ts: missing\ngenerate anew: the same command without --check\n',
    });
    expect(project.tree('gen').map(file => project.read(`gen/${file}`))).to.deep.equal(before);
  });

  it('detects a file that was edited', async () => {
    using project = new Project({ 'protos/a.proto': proto('A') });
    await project.run('generate', './protos', '--out', './gen');
    project.write('gen/a.ts', `${project.read('gen/a.ts')}\n`);
    expect((await project.run('generate', './protos', '--out', './gen', '--check')).err).to.equal(
      'gen/a.ts: stale\ngenerate anew: the same command without --check\n',
    );
  });

  it('creates no folder', async () => {
    using project = new Project({ 'protos/a.proto': proto('A') });
    expect((await project.run('generate', './protos', '--out', './gen', '--check')).code).to.equal(1);
    expect(project.tree('.')).to.deep.equal(['protos/a.proto']);
  });
});
