import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { expect } from 'chai';

const root = join(import.meta.dirname, '..');
const { files: packed }: { files: readonly string[] } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const skipped = new Set(['.compiled', '.data', '.git', 'coverage', 'dist', 'node_modules']);

/** The files of the repository below a folder that end in one of these ways, relative to the repository. */
function* filesIn(folder: string, ending: RegExp): Generator<string> {
  for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory() && !skipped.has(entry.name)) yield* filesIn(path, ending);
    else if (entry.isFile() && ending.test(entry.name)) yield path;
  }
}

const read = (file: string): string => readFileSync(join(root, file), 'utf8');

/** The anchors of the headings of a page, as GitHub creates them. */
function anchorsOf(page: string): ReadonlySet<string> {
  const headings = [...page.replaceAll(/^```.*?^```/gms, '').matchAll(/^#+ (.*)$/gm)].map(([, text]) => text!);
  return new Set(
    headings.map(text =>
      text
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
        .replaceAll(' ', '-'),
    ),
  );
}

/** The error of a link on a page; undefined for a valid link. */
function brokenLink(page: string, link: string): string | undefined {
  const [path = '', anchor] = link.split('#');
  const target = path === '' ? page : join(dirname(page), path);
  if (!existsSync(join(root, target))) return `${page}: ${link}: no such file`;
  if (anchor === undefined || !target.endsWith('.md') || anchorsOf(read(target)).has(anchor)) return undefined;
  return `${page}: ${link}: no such heading`;
}

/** The documents that a text names other than by URL. */
function documentsIn(text: string): readonly string[] {
  const local = text.replaceAll(/https?:\/\/[^\s)]+/g, '');
  return [...local.matchAll(/(?<![\w./*$}-])[\w-][\w./-]*\.md\b/g)].map(([name]) => name.replace(/^\.\//, ''));
}

/** According to README, these exist in the repository only. */
const inRepositoryAlone = /^(?:bench|examples|interop)\/|^CONTRIBUTING\.md$/;

function isPacked(document: string): boolean {
  return document === 'README.md' || packed.includes(document) || packed.includes(document.split('/')[0]!);
}

const pages = [...filesIn('.', /\.md$/)];

describe('The documents of the repository', () => {
  it('contain no broken link', () => {
    const broken = pages.flatMap(page =>
      [...read(page).matchAll(/\]\((?!https?:|mailto:)([^)\s]+)\)/g)].map(([, link]) => brokenLink(page, link!)),
    );
    expect(broken.length).to.be.above(50);
    expect(broken.filter(each => each !== undefined)).to.deep.equal([]);
  });

  it('are named only if they exist', () => {
    const own = relative(root, import.meta.filename);
    const texts = [...filesIn('.', /\.(?:md|ts|json|ya?ml|sh|go|py|java|proto)$|^run$|^matrix$/)];
    const missing = texts
      .filter(file => file !== own && !file.startsWith('spec/cli/command/'))
      .flatMap(file =>
        documentsIn(read(file))
          .filter(name => ![name, join(dirname(file), name)].some(path => existsSync(join(root, path))))
          .map(name => `${file}: ${name}`),
      );
    expect(texts.length).to.be.above(500);
    expect(missing).to.deep.equal([]);
  });

  it('that README, comments and errors of the packages name are in the package', () => {
    const sources = [...filesIn('lib', /\.ts$/), ...filesIn('cli', /\.ts$/), 'cli/README.md', 'README.md'];
    const named = sources.flatMap(file => documentsIn(read(file)).map(name => ({ file, name })));
    expect(named.map(({ name }) => name))
      .to.include('docs/endings.md')
      .and.to.include('docs/peers.md');
    const inPackage = named.filter(({ file, name }) => file !== 'README.md' || !inRepositoryAlone.test(name));
    expect(inPackage.filter(({ name }) => !isPacked(name)).map(({ file, name }) => `${file}: ${name}`)).to.deep.equal(
      [],
    );
  });

  it('each have a row in docs/README.md', () => {
    const listed = [...read('docs/README.md').matchAll(/^\| .*?\((\S+\.md)\) \|/gm)].map(([, page]) => page!);
    const others = readdirSync(join(root, 'docs')).filter(name => name.endsWith('.md') && name !== 'README.md');
    expect(listed.toSorted()).to.deep.equal(others.toSorted());
  });

  it('include a row in CONTRIBUTING.md for each source folder, and for no other', () => {
    const named = [...read('CONTRIBUTING.md').matchAll(/`(lib\/[\w-]+)`(?=.*\|.*\|$)/gm)].map(([, folder]) => folder!);
    const folders = readdirSync(join(root, 'lib'), { withFileTypes: true }).filter(entry => entry.isDirectory());
    expect(named.toSorted()).to.deep.equal(folders.map(({ name }) => `lib/${name}`).toSorted());
  });
});
