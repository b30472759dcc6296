import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';

const root = join(import.meta.dirname, '..');
const pages = ['README.md', ...readdirSync(join(root, 'docs')).map(name => `docs/${name}`)];

/** A program of a page, and what the block behind it says that it prints. */
const programs = /```ts\n(.*?)```\s+```text\n(.*?)```/gs;

async function run(program: string): Promise<string> {
  const tsx = join(root, 'node_modules/tsx/dist/cli.mjs');
  // The pages' programs are modules: what they await at the top is within a function here. What is generated has been already.
  const [imports, body] = [program.match(/^import [^;]*;$/gm) ?? [], program.replaceAll(/^import [^;]*;$/gm, '')];
  const imported = imports.join('\n').replaceAll(/'\.\/gen\/(.*)\.js'/g, "'./examples/gen/$1.ts'");
  const code = `${imported}\nvoid (async () => {${body}})();`;
  const { stdout } = await promisify(execFile)(process.execPath, [tsx, '-e', code], { cwd: root, timeout: 30_000 });
  return stdout;
}

describe('the programs of the documentation', () => {
  for (const page of pages) {
    const text = readFileSync(join(root, page), 'utf8');
    for (const [index, [, program, printed]] of [...text.matchAll(programs)].entries()) {
      it(`print what ${page} says (${index + 1})`, async () => {
        expect(await run(program!)).to.equal(printed);
      }).timeout(30_000);
    }
  }
});
