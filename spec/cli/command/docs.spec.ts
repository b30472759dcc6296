import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { ExitCode } from '../../../cli/command/exit-code.ts';
import { Project } from './support/project.ts';

const page = readFileSync(join(import.meta.dirname, '../../../docs/generate.md'), 'utf8');

describe('docs/generate.md', () => {
  it('shows what the generator makes of its .proto', async () => {
    const [, source, shown] = /```proto\n(.*?)```.*?```ts\n(.*?)```/s.exec(page)!;
    using project = new Project({ 'users.proto': source! });
    await project.run('generate', './users.proto', '--out', './gen');
    const text = project.read('gen/users.ts');
    const parts = shown!.split('\n\n');
    expect(parts).to.have.length.above(5);
    for (const part of parts) expect(text).to.include(part.trim());
  });

  it('lists all options and exit codes', async () => {
    using project = new Project();
    const { out } = await project.run('generate', '--help');
    for (const [option] of out.matchAll(/--(?!help)[\w-]+/g)) expect(page).to.include(option);
    const codes = [...page.matchAll(/^\| (\d) \|/gm)].map(([, code]) => Number(code));
    expect(codes).to.deep.equal(Object.values(ExitCode));
  });
});
