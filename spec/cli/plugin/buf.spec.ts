import { join } from 'node:path';
import { expect } from 'chai';
import { Project } from '../command/support/project.ts';
import { addProtos, expectSame, pluginArgs, start } from './support/same.ts';

const buf = join(import.meta.dirname, '../../../node_modules/.bin/buf');

/** Runs `buf generate` on the protos of a project, with this plugin and these settings. */
async function generate(project: Project, settings: Readonly<Record<string, unknown>>): Promise<void> {
  const plugin = { local: [process.execPath, ...pluginArgs], out: 'buf', ...settings };
  project.write('buf.yaml', JSON.stringify({ version: 'v2', modules: [{ path: 'protos' }] }));
  project.write('buf.gen.yaml', JSON.stringify({ version: 'v2', plugins: [plugin] }));
  await start(project, buf, ['generate']);
}

describe('protoc-gen-rx-grpc with buf', () => {
  it('writes the same files as the command, byte for byte', async () => {
    using project = new Project();
    addProtos(project, 'protos');
    await generate(project, { include_imports: true });
    expect(await project.run('generate', './protos', '--out', './command')).to.include({ err: '', code: 0 });
    const files = ['comments.ts', 'modern.ts', 'old.ts', 'sub/options.ts', 'sub/shared.ts'];
    expectSame(project, 'buf', 'command', files);
  }).timeout(60_000);

  it('accepts the options of the command', async () => {
    using project = new Project();
    addProtos(project, 'protos');
    for (const [opt, ...flags] of [
      [['int64=string', 'import_extension=ts'], '--int64', 'string', '--import-extension', 'ts'],
      [['int64=number,import_extension=none'], '--int64', 'number', '--import-extension', 'none'],
    ] as const) {
      await generate(project, { opt });
      await project.run('generate', './protos', '--out', './command', ...flags);
      expectSame(project, 'buf', 'command', project.tree('command'));
      expect(project.read('buf/sub/shared.ts')).to.match(/readonly big: (string|number);/);
    }
  }).timeout(60_000);

  it('writes only the requested files', async () => {
    using project = new Project();
    addProtos(project, 'protos');
    project.write('buf.yaml', JSON.stringify({ version: 'v2', modules: [{ path: 'protos' }] }));
    const plugin = { local: [process.execPath, ...pluginArgs], out: 'buf' };
    project.write('buf.gen.yaml', JSON.stringify({ version: 'v2', plugins: [plugin] }));
    await start(project, buf, ['generate', '--path', 'protos/comments.proto']);
    expect(project.tree('buf')).to.deep.equal(['comments.ts']);
    await project.run('generate', './protos', '--out', './command');
    expect(project.read('buf/comments.ts')).to.equal(project.read('command/comments.ts'));
  }).timeout(60_000);

  it('makes buf report an invalid option', async () => {
    using project = new Project();
    addProtos(project, 'protos');
    const error = await generate(project, { opt: 'int32=string' }).then(
      () => expect.fail('it generated'),
      (failure: { stderr: string }) => failure.stderr,
    );
    expect(error).to.include('unknown option "int32", expected int64 or import_extension');
  }).timeout(60_000);
});
