import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import sqlite from 'node-sqlite3-wasm';
import type { User } from '../../../examples/gen/users.ts';
import { type Candidate, UserStore } from '../../../examples/user-bulk-create/store.ts';
import { compiledText } from '../../support/compiled.ts';
import { temporaryFolder } from './programs.ts';

const user = (id: string, change: Partial<User> = {}): User => ({
  ...{ id, name: 'Johanna', lastName: 'Berg', age: 33, email: 'j@example.org' },
  ...change,
});
const fine = (id: string, change: Partial<User> = {}): Candidate => ({ user: user(id, change), errors: [] });

describe('UserStore', () => {
  let folder: ReturnType<typeof temporaryFolder>;
  let file: string;
  let open: UserStore[];
  const openStore = () => {
    const store = new UserStore(file);
    open.push(store);
    return store;
  };

  beforeEach(() => {
    folder = temporaryFolder();
    file = join(folder.path, 'deeper', 'users.db');
    open = [];
  });
  afterEach(() => {
    for (const store of open) store.close();
    folder.remove();
  });

  it('creates users and answers in order', () => {
    const store = openStore();
    const results = store.create([fine('b'), { user: user('x'), errors: ['no'] }, fine('a')]);
    expect(results).to.deep.equal([
      { userId: 'b', success: true, errors: [], existed: false },
      { userId: 'x', success: false, errors: ['no'], existed: false },
      { userId: 'a', success: true, errors: [], existed: false },
    ]);
    expect(store.count()).to.equal(2);
  });

  it('answers that a user existed for the same id and content, within a batch and later', () => {
    const store = openStore();
    const existed = { userId: 'a', success: true, errors: [], existed: true };
    expect(store.create([fine('a'), fine('a')])[1]).to.deep.equal(existed);
    expect(store.create([fine('a')])).to.deep.equal([existed]);
    expect(store.count()).to.equal(1);
  });

  it('answers that an id is taken for other content, whichever field differs, and keeps the first', () => {
    const store = openStore();
    store.create([fine('a')]);
    const others = [{ name: 'Hannah' }, { lastName: 'Bergs' }, { age: 34 }, { email: undefined }];
    const results = store.create(others.map(change => fine('a', change)));
    for (const { errors } of results) expect(errors).to.deep.equal(['id taken by another user']);
    expect(store.create([fine('a')])[0]?.existed).to.equal(true);
  });

  it('reports a taken id together with the other reasons against a user', () => {
    const store = openStore();
    store.create([fine('a')]);
    const [result] = store.create([{ user: user('a', { age: 999 }), errors: ['age'] }]);
    expect(result?.errors).to.deep.equal(['age', 'id taken by another user']);
  });

  it('treats an empty email and a missing one as equal', () => {
    const store = openStore();
    expect(store.create([fine('a', { email: '' }), fine('a', { email: undefined })])[1]?.existed).to.equal(true);
  });

  it('finds the users again when the file is opened again', () => {
    openStore().create([fine('a'), fine('b')]);
    open[0]!.close();
    const store = openStore();
    expect(store.count()).to.equal(2);
    expect(store.create([fine('b')])[0]?.existed).to.equal(true);
  });

  it('writes nothing of a batch that fails in the middle, and continues afterwards', () => {
    const store = openStore();
    expect(() => store.create([fine('a'), fine('b', { age: Symbol() as never })])).to.throw();
    expect(store.count()).to.equal(0);
    store.create([fine('c')]);
    expect(store.count()).to.equal(1);
  });

  it('keeps every committed batch, undamaged, when its process is killed, and starts normally afterwards', () => {
    // Killed in the middle of a transaction larger than the cache, so that its pages are already in the files.
    const write = `
      import { UserStore } from './examples/user-bulk-create/store.ts';
      const store = new UserStore(process.argv[2]);
      const batch = (first, users) => Array.from({ length: users }, (_, i) =>
        ({ user: { id: String((first + i) * 7919 % 1e6), name: 'N'.repeat(500), lastName: 'L', age: 1 }, errors: [] }));
      for (let n = 0; n < 5; n++) store.create(batch(n * 1000, 1000));
      const last = batch(5000, 30_000);
      Object.defineProperty(last[29_999], 'user', { get: () => process.kill(process.pid, 'SIGKILL') });
      store.create(last);`;
    const { signal } = spawnSync(process.execPath, ['--input-type=module', '-', file], { input: compiledText(write) });
    expect(signal).to.equal('SIGKILL');
    expect(existsSync(`${file}.lock`), 'a lock was left').to.equal(true);
    const store = openStore();
    expect(store.count()).to.equal(5000);
    store.close();
    const database = new sqlite.Database(file);
    database.exec('PRAGMA locking_mode = EXCLUSIVE');
    expect(database.get('PRAGMA integrity_check')).to.deep.equal({ integrity_check: 'ok' });
    database.close();
  });

  it('refuses a file that a living process uses, and names both', () => {
    openStore();
    expect(() => new UserStore(file)).to.throw(`${file}: in use by process ${process.pid}`);
    open[0]!.close();
    writeFileSync(`${file}.pid`, `${process.ppid}\n`);
    expect(() => new UserStore(file)).to.throw(`in use by process ${process.ppid}`);
  });

  it('removes the files of a process that is dead, or that had our own pid', () => {
    const { pid } = spawnSync(process.execPath, ['-e', '']);
    mkdirSync(`${file}.lock`, { recursive: true });
    writeFileSync(`${file}.pid`, `${pid}\n`);
    openStore().close();
    mkdirSync(`${file}.lock`);
    writeFileSync(`${file}.pid`, `${process.pid}\n`);
    openStore().close();
    expect(existsSync(`${file}.pid`)).to.equal(false);
    expect(existsSync(`${file}.lock`)).to.equal(false);
  });

  it('names the file whose folder cannot be created', () => {
    writeFileSync(join(folder.path, 'deeper'), '');
    expect(() => new UserStore(file)).to.throw(`${file}: ENOTDIR`);
  });

  it('names the missing folder when its parent is missing, and does not retry forever', () => {
    file = join(folder.path, 'none', 'deeper', 'users.db');
    expect(() => new UserStore(file)).to.throw(`${file}: there is no folder ${join(folder.path, 'none')}`);
    const open = `import { makeFolderOf } from './examples/user-bulk-create/make-folder-of.ts';
      makeFolderOf('/proc/none/users.db');`;
    const { status } = spawnSync(process.execPath, ['--input-type=module'], {
      input: compiledText(open),
      timeout: 10_000,
    });
    expect(status, 'ended by itself').to.equal(1);
  });

  it('names a file that is not a database, and releases it', () => {
    mkdirSync(join(folder.path, 'deeper'));
    writeFileSync(file, 'id,name\n'.repeat(1000));
    for (let i = 0; i < 2; i++) expect(() => new UserStore(file)).to.throw(`${file}: file is not a database`);
  });
});
