import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { expect } from 'chai';

const root = join(import.meta.dirname, '..');
const dist = join(root, 'dist');
const files = readdirSync(dist, { recursive: true, encoding: 'utf8' }).filter(name => name.endsWith('.js'));
const exportsOf: object = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).exports;
const doors = Object.keys(exportsOf)
  .filter(door => !/[*]|package\.json/.test(door))
  .map(door => door.replace('.', 'rx-grpc'));
const MOST_FILES = 16;

/** The sources that a file of the build is made from, relative to the repository. */
function sourcesOf(file: string): readonly string[] {
  const { sources }: { sources: string[] } = JSON.parse(readFileSync(join(dist, `${file}.map`), 'utf8'));
  return sources.map(source => relative(root, join(dist, dirname(file), source)));
}

/** The files that are loaded with an entry point, including itself. */
function loadedWith(file: string, loaded: Set<string> = new Set()): ReadonlySet<string> {
  if (loaded.has(file)) return loaded;
  loaded.add(file);
  for (const [, imported] of readFileSync(join(dist, file), 'utf8').matchAll(/^(?:import|export|\}).* ?"(\..*)";$/gm)) {
    loadedWith(join(dirname(file), imported!), loaded);
  }
  return loaded;
}

describe('The build', () => {
  it("contains no source twice, so that a module's state is shared by all entry points", () => {
    const sources = files.flatMap(sourcesOf);
    expect(sources).to.include.members(['lib/backpressure/demand.ts', 'lib/core/rpc-error.ts']);
    expect(sources.filter((source, i) => sources.indexOf(source) !== i)).to.deep.equal([]);
  });

  it('consists of few files', () => {
    const loaded = loadedWith('index.js');
    expect(loaded.size).to.be.within(2, MOST_FILES);
  });

  it('loads the parser of .proto files only when load() is called', () => {
    const sources = [...loadedWith('index.js')].flatMap(sourcesOf);
    expect(sources).to.include('lib/codec/load.ts').and.not.include('lib/codec/load-protos.ts');
  });

  it('keeps the names of exported functions and classes', async () => {
    for (const door of doors) {
      for (const [name, value] of Object.entries<unknown>(await import(door))) {
        if (typeof value === 'function') expect(value.name, `${door}: ${name}`).to.be.oneOf([name, '']);
      }
    }
  });
});
