import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { compileTexts } from './support/compiled.ts';

const root = join(import.meta.dirname, '..');
const pages = ['README.md', ...readdirSync(join(root, 'docs')).map(name => `docs/${name}`)];

/** The programs of all pages, each with the block behind it that says what it prints. */
const programs = pages.flatMap(page => {
  const found = readFileSync(join(root, page), 'utf8').matchAll(/```ts\n(.*?)```\s+```text\n(.*?)```/gs);
  return [...found].map(([, code, printed], index) => ({ page, number: index + 1, code: code!, printed: printed! }));
});

async function run(path: string): Promise<string> {
  return (await promisify(execFile)(process.execPath, [path], { cwd: root, timeout: 60_000 })).stdout;
}

describe('the programs of the documentation', () => {
  let paths: readonly string[];
  before(() => {
    // What the pages import from ./gen is generated already, for the examples.
    const codes = programs.map(({ code }) => code.replaceAll(/'\.\/gen\/(.*)\.js'/g, "'./examples/gen/$1.ts'"));
    paths = compileTexts('docs', codes);
  });

  for (const [index, { page, number, printed }] of programs.entries()) {
    it(`print what ${page} says (${number})`, async () => {
      expect(await run(paths[index]!)).to.equal(printed);
    });
  }
});
