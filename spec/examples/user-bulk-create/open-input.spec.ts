import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { expect } from 'chai';
import { InputError } from '../../../examples/user-bulk-create/entry.ts';
import { openInput } from '../../../examples/user-bulk-create/open-input.ts';
import { temporaryFolder } from './programs.ts';

/** Closes the stream. It may still be opening its file, which must exist until then. */
async function closed(stream: Readable): Promise<void> {
  stream.destroy();
  await once(stream, 'close');
}

describe('openInput', () => {
  let folder: ReturnType<typeof temporaryFolder>;
  const file = (name: string) => {
    const path = join(folder.path, name);
    writeFileSync(path, 'id\n');
    return path;
  };
  beforeEach(() => {
    folder = temporaryFolder();
  });
  afterEach(() => folder.remove());

  it('detects the format by the file name unless it is given, and knows the size', async () => {
    for (const [name, format] of [
      ['a.csv', 'csv'],
      ['a.CSV', 'csv'],
      ['a.ndjson', 'ndjson'],
      ['a.jsonl', 'ndjson'],
    ]) {
      const input = openInput(file(name!));
      expect(input).to.include({ format, bytes: 3 });
      await closed(input.stream);
    }
    const said = openInput(file('a.csv'), 'ndjson');
    expect(said.format).to.equal('ndjson');
    await closed(said.stream);
  });

  it('accepts - for standard input, CSV by default, of unknown size', () => {
    expect(openInput('-')).to.include({ stream: process.stdin, format: 'csv', bytes: undefined });
    expect(openInput('-', 'ndjson').format).to.equal('ndjson');
  });

  it('refuses a missing file, a directory, and a name without a known extension', () => {
    expect(() => openInput(join(folder.path, 'none.csv'))).to.throw(InputError, 'none.csv: no such file');
    mkdirSync(join(folder.path, 'a.csv'));
    expect(() => openInput(join(folder.path, 'a.csv'))).to.throw(InputError, 'is a directory');
    expect(() => openInput(file('users'))).to.throw(InputError, 'say --format');
  });
});
