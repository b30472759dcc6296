import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { faulty, InputError } from '../../../examples/user-bulk-create/entry.ts';
import { forgetPosition, loadPosition, savePosition } from '../../../examples/user-bulk-create/position.ts';
import { RejectsFile } from '../../../examples/user-bulk-create/rejects.ts';
import { temporaryFolder } from './programs.ts';

describe('The position of an upload', () => {
  let folder: ReturnType<typeof temporaryFolder>;
  let path: string;
  beforeEach(() => {
    folder = temporaryFolder();
    path = join(folder.path, 'users.csv.position.json');
  });
  afterEach(() => folder.remove());

  it('is loaded as it was last saved, and is gone when deleted', () => {
    savePosition(path, { line: 10, rejectsBytes: 0 });
    savePosition(path, { line: 20, rejectsBytes: 7, inputBytes: 99 });
    expect(loadPosition(path)).to.deep.equal({ line: 20, rejectsBytes: 7, inputBytes: 99 });
    forgetPosition(path);
    expect(loadPosition(path)).to.equal(undefined);
    forgetPosition(path);
  });

  it('leaves no other file beside it', () => {
    savePosition(path, { line: 10, rejectsBytes: 0 });
    expect(readdirSync(folder.path)).to.deep.equal(['users.csv.position.json']);
  });

  it('is an error that names the file when its content is not a position', () => {
    for (const text of ['', '{"line":', '[]', 'null', '{"line":"4","rejectsBytes":0}']) {
      writeFileSync(path, text);
      expect(() => loadPosition(path), text).to.throw(`${path} holds no position`);
    }
  });
});

describe('RejectsFile', () => {
  let folder: ReturnType<typeof temporaryFolder>;
  let path: string;
  const reject = (line: number, text: string) => faulty(line, text, '');
  beforeEach(() => {
    folder = temporaryFolder();
    path = join(folder.path, 'users.csv.rejects.csv');
  });
  afterEach(() => folder.remove());

  it('contains line number, reasons and the original line, as CSV', () => {
    const rejects = new RejectsFile(path);
    rejects.add(reject(3, 'a,"b\nc",1'), ['too short', 'too old']);
    rejects.flush();
    rejects.close();
    expect(readFileSync(path, 'utf8')).to.equal('line,reasons,original\n3,"too short; too old","a,""b\nc"",1"\n');
  });

  it('does not exist without rejects, not even the one of a previous upload', () => {
    writeFileSync(path, 'line,reasons,original\n2,"a","old"\n');
    const rejects = new RejectsFile(path);
    expect(rejects.flush()).to.equal(0);
    rejects.close();
    expect(readdirSync(folder.path)).to.deep.equal([]);
  });

  it('leaves the file of a previous upload unchanged until the first flush', () => {
    const old = 'line,reasons,original\n2,"a","old"\n';
    writeFileSync(path, old);
    new RejectsFile(path).close();
    expect(readFileSync(path, 'utf8')).to.equal(old);
  });

  it('refuses a path that is something else, and leaves it unchanged', () => {
    for (const text of ['id,name\n', 'line']) {
      writeFileSync(path, text);
      expect(() => new RejectsFile(path)).to.throw(InputError, `${path}: there is a file that is none of rejects`);
      expect(readFileSync(path, 'utf8')).to.equal(text);
    }
    expect(() => new RejectsFile(folder.path)).to.throw(InputError, 'EISDIR');
    expect(() => new RejectsFile('/dev/null')).to.throw(InputError, 'no regular file');
  });

  it('continues at a position as if it had never been written beyond it', () => {
    const first = new RejectsFile(path);
    first.add(reject(2, 'ü'), ['a']);
    const bytes = first.flush();
    first.add(reject(3, 'lost'), ['b']);
    first.flush();
    first.close();
    const second = new RejectsFile(path, bytes);
    second.add(reject(4, 'next'), ['c']);
    second.flush();
    second.close();
    expect(readFileSync(path, 'utf8')).to.equal('line,reasons,original\n2,"a","ü"\n4,"c","next"\n');
  });

  it('starts anew when the file of the previous upload is gone', () => {
    const rejects = new RejectsFile(path, 1000);
    rejects.add(reject(4, 'x'), ['c']);
    rejects.flush();
    rejects.close();
    expect(readFileSync(path, 'utf8')).to.equal('line,reasons,original\n4,"c","x"\n');
  });

  it('writes continuously and buffers little', () => {
    const rejects = new RejectsFile(path);
    for (let i = 0; i < 3000; i++) rejects.add(reject(i, 'x'.repeat(100)), ['c']);
    expect(readFileSync(path, 'utf8').length).to.be.greaterThan(200_000);
    rejects.flush();
    rejects.close();
    expect(readFileSync(path, 'utf8').split('\n')).to.have.length(3002);
  });
});
