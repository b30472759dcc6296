import { expect } from 'chai';
import { type Entry, InputError } from '../../../examples/user-bulk-create/entry.ts';
import { type Format, readUsers } from '../../../examples/user-bulk-create/read-users.ts';
import { MAX_RECORD_LENGTH } from '../../../examples/user-bulk-create/split-records.ts';

const header = 'id,name,last_name,age,email';

/** The users read from pieces of this many bytes. */
async function read(text: string | Buffer, format: Format = 'csv', pieceBytes = 7, afterLine = 0): Promise<Entry[]> {
  const bytes = Buffer.from(text as string);
  async function* pieces() {
    for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes);
  }
  const entries: Entry[] = [];
  for await (const some of readUsers(pieces(), format, afterLine)) entries.push(...some);
  return entries;
}

const lines = (entries: Entry[]) => entries.map(({ line, user, fault }) => [line, user?.id ?? fault]);
const rejection = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (error: unknown) => error as Error,
  );

describe('readUsers: CSV', () => {
  it('finds the columns by name, in any order, and ignores others', async () => {
    const [entry] = await read('shoe,age,email,last_name,id,name\n44,33,j@example.org,Berg,u1,Johanna\n');
    expect(entry?.user).to.deep.equal({ id: 'u1', name: 'Johanna', lastName: 'Berg', age: 33, email: 'j@example.org' });
  });

  it('accepts a file without emails, and treats empty emails as absent', async () => {
    const without = await read('id,name,last_name,age\nu1,Johanna,Berg,33\n');
    const empty = await read(`${header}\nu1,Johanna,Berg,33,\n`);
    for (const [entry] of [without, empty]) expect(entry?.user).to.have.property('email', undefined);
  });

  it('reads the same users however the input is split', async () => {
    const text = `\uFEFF${header}\r\nu1,Zoë😀,"Smith, ""Jr.""",33,\r\n\r\nu2,"two\r\nlines",Berg,40,x@y.z\r\nu3,Naledi,Berg,41,`;
    const whole = await read(text, 'csv', 1000);
    expect(whole.map(({ line, user }) => [line, user?.name, user?.lastName])).to.deep.equal([
      [2, 'Zoë😀', 'Smith, "Jr."'],
      [4, 'two\r\nlines', 'Berg'],
      [6, 'Naledi', 'Berg'],
    ]);
    for (let pieceBytes = 1; pieceBytes < 40; pieceBytes++) {
      const users = (await read(text, 'csv', pieceBytes)).map(({ line, user }) => ({ line, user }));
      expect(users, `${pieceBytes} bytes`).to.deep.equal(whole.map(({ line, user }) => ({ line, user })));
    }
  });

  it('reports the number, text and error of a malformed line, and continues', async () => {
    const entries = await read(
      [
        header,
        'u1,Johanna',
        'u2,Johanna,Berg,old,',
        'u3,"Joh"anna,Berg,33,',
        'u4,Johanna,Berg,99999999999,',
        'u5,Jo,Be,1,',
      ].join('\n'),
    );
    expect(lines(entries)).to.deep.equal([
      [2, '2 fields instead of 5'],
      [3, 'age is not a whole number: "old"'],
      [4, 'a quote in the wrong place'],
      [5, 'age is not a whole number: "99999999999"'],
      [6, 'u5'],
    ]);
    expect(entries[2]?.text).to.equal('u3,"Joh"anna,Berg,33,');
  });

  it('loses only the line in which a quote is not closed', async () => {
    const good = (n: number) => Array.from({ length: n }, (_, i) => `u${i},Johanna,Berg,33,`);
    const atEnd = await read([header, ...good(3), 'bad,"Johanna,Berg,33,', ...good(3), ''].join('\n'));
    expect(atEnd.map(({ line, fault }) => [line, fault]).filter(([, fault]) => fault)).to.deep.equal([
      [5, 'a quote is not closed'],
    ]);
    expect(atEnd).to.have.length(7);

    const untilNext = await read(
      [header, 'bad,"Johanna,Berg,33,', ...good(3), 'bad,Joh"anna,Berg,33,', 'u9,a,b,1,'].join('\n'),
    );
    expect(untilNext.map(({ line, user, fault }) => [line, user?.id ?? fault])).to.deep.equal([
      [2, 'a quote in the wrong place'],
      [3, 'u0'],
      [4, 'u1'],
      [5, 'u2'],
      [6, 'a quote is not closed'],
      [7, 'u9'],
    ]);

    const many = await read([header, 'bad,"Johanna,Berg,33,', ...good(7000)].join('\n'), 'csv', 65_536);
    expect(many.filter(({ fault }) => fault !== undefined).map(({ line }) => line)).to.deep.equal([2]);
    expect(many).to.have.length(7001);
  });

  it('accepts a record of the maximum length, and rejects a longer one, quoting its beginning', async () => {
    const record = (length: number) => `u1,${'n'.repeat(length - 'u1,,Berg,33,'.length)},Berg,33,`;
    for (const pieceBytes of [1 << 14, 1 << 20]) {
      const [fits] = await read(`${header}\n${record(MAX_RECORD_LENGTH)}\n`, 'csv', pieceBytes);
      expect(fits?.user?.id).to.equal('u1');
      const text = `${header}\n${record(MAX_RECORD_LENGTH + 1)}\nu2,Johanna,Berg,33,\n${record(MAX_RECORD_LENGTH * 5)}\nu3,Johanna,Berg,33,`;
      const entries = await read(text, 'csv', pieceBytes);
      expect(lines(entries)).to.deep.equal([
        [2, 'longer than 65536 characters'],
        [3, 'u2'],
        [4, 'longer than 65536 characters'],
        [5, 'u3'],
      ]);
      expect(entries[0]?.text).to.have.length(200);
    }
  });

  it('rejects a line that is not UTF-8', async () => {
    const latin1 = Buffer.from(`${header}\nu1,Zo\xeb Marie,Berg,33,\nu2,Johanna,Berg,33,\n`, 'latin1');
    expect(lines(await read(latin1))).to.deep.equal([
      [2, 'not valid UTF-8'],
      [3, 'u2'],
    ]);
  });

  it('skips lines that are already settled, by the first line to read', async () => {
    const text = `${header}\nu1,Johanna,Berg,33,\nu2,"two\nlines",Berg,33,\nu3,Johanna,Berg,33,\n`;
    expect(lines(await read(text, 'csv', 9, 2))).to.deep.equal([
      [3, 'u2'],
      [5, 'u3'],
    ]);
    expect(lines(await read(text, 'csv', 9, 3))).to.deep.equal([[5, 'u3']]);
    expect(lines(await read(text, 'csv', 9, 99))).to.deep.equal([]);
  });

  it('reports the bytes read at each record, up to the size of the input', async () => {
    const text = `${header}\n${'u1,Johanna,Berg,33,\n'.repeat(100)}`;
    const bytes = (await read(text, 'csv', 300)).map(entry => entry.bytes);
    expect(bytes).to.deep.equal([...bytes].sort((a, b) => a - b));
    expect(bytes.at(-1)).to.equal(text.length);
  });

  it('refuses an input without the required columns, and names them; refuses an empty input', async () => {
    const missing = await rejection(read('id,name,email\nu1,Johanna,x@y.z\n'));
    expect(missing).to.be.instanceOf(InputError);
    expect(missing?.message).to.contain('no last_name, age');
    expect(await rejection(read(''))).to.be.instanceOf(InputError);
    expect(await rejection(read('\n\n'))).to.be.instanceOf(InputError);
    expect(await read(header)).to.deep.equal([]);
  });
});

describe('readUsers: NDJSON', () => {
  it('reads one object per line, by the names of the columns', async () => {
    const rows = [
      { id: 'u1', name: 'Johanna', last_name: 'Berg', age: 33, email: 'j@example.org', shoe: 44 },
      { id: 'u2', name: '😀', last_name: 'two\nlines', age: 40 },
    ];
    const entries = await read(rows.map(row => `${JSON.stringify(row)}\r\n`).join('\n'), 'ndjson');
    expect(entries.map(({ line, user }) => [line, user])).to.deep.equal([
      [1, { id: 'u1', name: 'Johanna', lastName: 'Berg', age: 33, email: 'j@example.org' }],
      [3, { id: 'u2', name: '😀', lastName: 'two\nlines', age: 40, email: undefined }],
    ]);
  });

  it('reports the error of a malformed line, and continues', async () => {
    const good = { id: 'u1', name: 'Johanna', last_name: 'Berg', age: 33 };
    const text = [
      '{"id":',
      '[1]',
      'null',
      JSON.stringify({ ...good, id: 1 }),
      JSON.stringify({ ...good, last_name: undefined }),
      JSON.stringify({ ...good, age: 1.5 }),
      JSON.stringify({ ...good, age: undefined }),
      JSON.stringify({ ...good, email: {} }),
      '{"id":"\\ud800","name":"Johanna","last_name":"Berg","age":33}',
      'it"s',
      JSON.stringify(good),
    ].join('\n');
    expect(lines(await read(text, 'ndjson'))).to.deep.equal([
      [1, 'not valid JSON'],
      [2, 'not a JSON object'],
      [3, 'not a JSON object'],
      [4, 'id is not a string'],
      [5, 'last_name is not a string'],
      [6, 'age is not a whole number: 1.5'],
      [7, 'age is not a whole number: missing'],
      [8, 'email is not a string'],
      [9, 'id is not valid Unicode'],
      [10, 'not valid JSON'],
      [11, 'u1'],
    ]);
  });

  it('reads nothing from an empty input', async () => {
    expect(await read('', 'ndjson')).to.deep.equal([]);
  });
});
