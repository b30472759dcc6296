import { readdirSync, readFileSync } from 'node:fs';
import { expect } from 'chai';
import { goldens } from './support/golden.ts';

describe('The generated files in the repository', () => {
  for (const { dir, files } of goldens()) {
    for (const { path, text } of files) {
      it(`equal the output of the generator: ${dir.pathname.replace(/^.*\/(?=spec|lib)/, '')}${path}`, () => {
        expect(readFileSync(new URL(path, dir), 'utf8')).to.equal(text);
      });
    }
  }

  it('include all well-known types that the package ships', () => {
    const shipped = goldens().at(-1)!;
    expect(readdirSync(new URL('google/protobuf/', shipped.dir)).toSorted()).to.deep.equal(
      shipped.files
        .filter(({ path }) => path.startsWith('google/protobuf/'))
        .map(({ path }) => path.replace('google/protobuf/', ''))
        .toSorted(),
    );
  });
});
