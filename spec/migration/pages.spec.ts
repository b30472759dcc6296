import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';

const root = join(import.meta.dirname, '../..');
const read = (file: string) => readFileSync(join(root, file), 'utf8');

/** A block of a program, and the file that the line above it links to. */
const linkedBlock = /\(\.\.\/(spec\/migration\/\S+\.(?:ts|proto))\)[^\n]*\n\n```(?:ts|proto)\n(.*?)```/gs;

/** The first cells of the tables of differences: each is the title of a spec. */
function claimsOf(text: string): string[] {
  const tables = text.matchAll(/^\| (?:what happens|a value) \|.*\n\|[ -|]+\|\n((?:\|.*\n)+)/gm);
  return [...tables].flatMap(([, rows]) => rows!.trim().split('\n')).map(row => row.split(' | ')[0]!.slice(2));
}

const titlesIn = (file: string): string[] =>
  [...read(file).matchAll(/^ {2}it\((['"])(.*?)\1,/gm)].map(([, , title]) => title!);

for (const page of ['nestjs', 'grpc-js']) {
  describe(`docs/from-${page}.md`, () => {
    const text = read(`docs/from-${page}.md`);
    const folder = `spec/migration/${page}`;
    const blocks = [...text.matchAll(linkedBlock)].map(([, file, block]) => ({ file: file!, block: block! }));

    it('shows only code from the linked files', () => {
      expect(blocks).to.have.lengthOf(text.match(/^```(ts|proto)$/gm)!.length);
      for (const { file, block } of blocks) expect(read(file), file).to.include(block);
    });

    it('shows the programs before and after in full', () => {
      for (const file of [`${folder}/before.ts`, `${folder}/after.ts`]) {
        expect(blocks.find(shown => shown.file === file)?.block).to.equal(read(file));
      }
    });

    it('has a spec for each difference in its tables, and a row for each spec', () => {
      const specs = [`${folder}/answers.spec.ts`, `${folder}/flow.spec.ts`];
      if (page === 'grpc-js') specs.push('spec/migration/values.spec.ts');
      expect(claimsOf(text).sort()).to.deep.equal(specs.flatMap(titlesIn).sort());
    });

    it('links to files that exist', () => {
      const links = [...text.matchAll(/\]\((\.\.\/)?([\w./-]+?)(?:#[\w-]+)?\)/g)];
      const files = links.map(([, up, path]) => (up === undefined ? `docs/${path}` : path!));
      expect(files).to.not.be.empty;
      for (const file of files) {
        const folderOf = join(root, file, '..');
        expect(readdirSync(folderOf), file).to.include(file.split('/').at(-1));
      }
    });
  });
}
