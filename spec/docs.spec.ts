import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { compiledText } from './support/compiled.ts';

const root = join(import.meta.dirname, '..');
const pages = ['README.md', ...readdirSync(join(root, 'docs')).map(name => `docs/${name}`)];

/** A program of a page, and what the block behind it says that it prints. */
const programs = /```ts\n(.*?)```\s+```text\n(.*?)```/gs;

async function run(program: string): Promise<string> {
  // What the pages import from ./gen is generated already, for the examples.
  const code = compiledText(program.replaceAll(/'\.\/gen\/(.*)\.js'/g, "'./examples/gen/$1.ts'"));
  const running = promisify(execFile)(process.execPath, ['--input-type=module'], { cwd: root, timeout: 60_000 });
  running.child.stdin?.end(code);
  return (await running).stdout;
}

describe('the programs of the documentation', () => {
  for (const page of pages) {
    const text = readFileSync(join(root, page), 'utf8');
    for (const [index, [, program, printed]] of [...text.matchAll(programs)].entries()) {
      it(`print what ${page} says (${index + 1})`, async () => {
        expect(await run(program!)).to.equal(printed);
      });
    }
  }
});
