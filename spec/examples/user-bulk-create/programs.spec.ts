import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { Code, close, connect, isRpcError, pull } from 'rx-grpc';
import { firstValueFrom, lastValueFrom, Subject, toArray } from 'rxjs';
import { type CreateUserRes, type UserInit, Users } from '../../../examples/gen/users.ts';
import { MAX_BATCH } from '../../../examples/user-bulk-create/create-users.ts';
import { badKinds, generateUsers } from '../../../examples/user-bulk-create/generate-users.ts';
import { freePort } from '../support/programs.ts';
import { killAll, start, startServer, stopServer, temporaryFolder } from './programs.ts';

/**
 * Users in the database beyond the acknowledged ones: one batch, and those whose results were in flight in HTTP/2's window of 64
 * KiB, 45 bytes each.
 */
const MAX_UNDER_WAY = MAX_BATCH + Math.ceil(65_536 / 45);

describe('user-bulk-create, the programs', () => {
  let folder: ReturnType<typeof temporaryFolder>;
  let database: string;
  let input: string;

  beforeEach(() => {
    folder = temporaryFolder();
    database = join(folder.path, 'users.db');
    input = join(folder.path, 'users.csv');
  });
  afterEach(async () => {
    await killAll();
    folder.remove();
  });

  const generate = (users: number, badOfEach: number) => [...generateUsers(users, 1, badOfEach)].join('');
  /** A number of the client's summary. */
  const figure = (stdout: string, name: string) =>
    Number(new RegExp(`^${name} +([\\d,]+)`, 'm').exec(stdout)?.[1]?.replaceAll(',', ''));
  const rejectedLines = (path = `${input}.rejects.csv`) =>
    [...readFileSync(path, 'utf8').matchAll(/^(\d+),"/gm)].map(([, line]) => Number(line));

  it('main runs everything, reconciles its counts with the database, and leaves nothing behind', async () => {
    const { code, stdout } = await start('main', [], { TMPDIR: folder.path }).ended;
    expect(stdout)
      .to.match(/^created +4,850$/m)
      .and.to.match(/^rejected +150$/m)
      .and.to.match(/^database +4,850 users$/m);
    for (const reason of [
      'Name is too short',
      'Last Name already taken',
      'malformed line',
      'id taken by another user',
    ]) {
      expect(stdout).to.match(new RegExp(`^  25  ${reason}$`, 'm'));
    }
    expect(code).to.equal(0);
    expect(readdirSync(folder.path).filter(name => name.startsWith('user-bulk-create'))).to.deep.equal([]);
  });

  it('generate, server and client: the database contains exactly what was acknowledged', async () => {
    const generated = await start('generate', ['2000', input, '--seed', '5', '--bad', '20']).ended;
    expect(generated.stderr).to.contain('2,000 users: 1,880 good, 20 of each: short name');
    const server = await startServer(database);
    const { code, stdout } = await start('client', [input, '--target', server.target]).ended;
    expect(code).to.equal(0);
    expect(figure(stdout, 'created')).to.equal(1880);
    expect(figure(stdout, 'rejected')).to.equal(20 * badKinds.length);
    expect(rejectedLines()).to.have.length(20 * badKinds.length);
    expect(existsSync(`${input}.position.json`), 'position').to.equal(false);
    expect(await stopServer(server)).to.equal(1880);

    const again = await startServer(database);
    expect((await again.printed(/, ([\d,]+) users in/))[1], 'found again').to.equal('1,880');
    const repeat = await start('client', [input, '--target', again.target, '--fail-on-reject']).ended;
    expect(repeat.code).to.equal(2);
    expect(figure(repeat.stdout, 'existed')).to.equal(1880);
    expect(await stopServer(again)).to.equal(1880);
  });

  it('reads NDJSON from standard input, and rejects its malformed lines', async () => {
    const server = await startServer(database);
    const rejects = join(folder.path, 'rejects.csv');
    const position = join(folder.path, 'position.json');
    const args = ['-', '--format', 'ndjson', '--target', server.target, '--rejects', rejects, '--position', position];
    const client = start('client', args);
    client.process.stdin?.end('{"id":"1","name":"Johanna","last_name":"Berg","age":33}\nnonsense\n{"id":"2"}\n');
    const { code, stdout } = await client.ended;
    expect(code).to.equal(0);
    expect(figure(stdout, 'created')).to.equal(1);
    expect(readFileSync(rejects, 'utf8').split('\n').slice(1, 3)).to.deep.equal([
      '2,"malformed line: not valid JSON","nonsense"',
      '3,"malformed line: name is not a string","{""id"":""2""}"',
    ]);
    expect(await stopServer(server)).to.equal(1);
  });

  it('answers the five users of the Go original with false, true, false, true, true', async () => {
    const server = await startServer(database);
    const users = connect(Users, server.target);
    const five = [
      { id: '1', name: 'Ed', lastName: 'Smith', age: 20 },
      { id: '2', name: 'Maria', lastName: 'Garcia', age: 31 },
      { id: '3', name: 'Brian', lastName: 'Phill', age: 45 },
      { id: '4', name: 'Joanna', lastName: 'Stone', age: 52 },
      { id: '5', name: 'Peter', lastName: 'Miles', age: 67 },
    ];
    const results = await lastValueFrom(pull(five).pipe(users.createUser, toArray()));
    expect(results.map(({ userId, success, errors }) => [userId, success, errors])).to.deep.equal([
      ['1', false, ['Name is too short']],
      ['2', true, []],
      ['3', false, ['Last Name already taken']],
      ['4', true, []],
      ['5', true, []],
    ]);
    close(users);
  });

  it('answers a client that waits for each answer before it sends the next request, and ends its call when stopped', async () => {
    const server = await startServer(database);
    const users = connect(Users, server.target);
    const user$ = new Subject<UserInit>();
    const answer$ = new Subject<CreateUserRes>();
    user$.pipe(users.createUser).subscribe(answer$);
    for (let i = 0; i < 20; i++) {
      const answer = firstValueFrom(answer$);
      user$.next({ id: `u${i}`, name: 'Johanna', lastName: 'Berg', age: i });
      expect(await answer).to.include({ userId: `u${i}`, success: true });
    }
    const ended = lastValueFrom(answer$).catch((error: unknown) => error);
    expect(await stopServer(server)).to.equal(20);
    expect(isRpcError(await ended, Code.UNAVAILABLE)).to.equal(true);
    close(users);
  });

  it('reports UNAVAILABLE and the last line when the server is killed in the middle; --resume continues, and no user is created twice', async () => {
    const text = generate(15_000, 50);
    writeFileSync(input, text);
    const first = await startServer(database);
    const files = ['--rejects', `${input}.rejects.csv`, '--position', `${input}.position.json`];
    const client = start('client', ['-', '--target', first.target, '--every', '1', ...files]);
    client.process.stdin?.write(text.slice(0, text.length / 3));
    await client.printed(/created [1-9]/);
    client.process.stdin?.write(text.slice(text.length / 3));
    first.process.kill('SIGKILL');
    const lost = await client.ended;
    expect(lost.code).to.equal(1);
    const last = Number(
      /was lost, UNAVAILABLE: .*; start the server again; last acknowledged line: (\d+); --resume/.exec(
        lost.stderr,
      )?.[1],
    );
    expect(JSON.parse(readFileSync(`${input}.position.json`, 'utf8'))).to.include({ line: last });

    const second = await startServer(database);
    const found = Number((await second.printed(/, ([\d,]+) users in/))[1]?.replaceAll(',', ''));
    const acknowledged = figure(lost.stdout, 'created');
    expect(found, 'acknowledged, and at most what was under way').to.be.within(
      acknowledged,
      acknowledged + MAX_UNDER_WAY,
    );

    const resumed = await start('client', [input, '--target', second.target, '--resume', ...files]).ended;
    expect(resumed.code).to.equal(0);
    expect(figure(resumed.stdout, 'existed')).to.equal(found - acknowledged);
    expect(figure(resumed.stdout, 'created')).to.equal(14_700 - found);
    expect(await stopServer(second)).to.equal(14_700);
    const rejected = rejectedLines();
    expect(rejected).to.have.length(300);
    expect(rejected, 'each once, in order').to.deep.equal([...new Set(rejected)].sort((a, b) => a - b));
  });

  it('cancels at Ctrl-C, reports how far it came, and can be resumed from there; the server continues', async () => {
    const text = generate(1200, 0);
    const server = await startServer(database);
    const args = [
      '-',
      '--target',
      server.target,
      '--rejects',
      join(folder.path, 'r'),
      '--position',
      join(folder.path, 'p'),
    ];
    const client = start('client', [...args, '--every', '1']);
    client.process.stdin?.write(text.split('\n').slice(0, 1001).join('\n').concat('\n'));
    await client.printed(/created 1,000/);
    client.process.kill('SIGINT');
    const { code, stderr } = await client.ended;
    expect(stderr).to.contain('interrupted; last acknowledged line: 1001; --resume goes on after it');
    expect(code).to.equal(130);

    const resumed = start('client', [...args, '--resume']);
    resumed.process.stdin?.end(text);
    const { stdout } = await resumed.ended;
    expect(figure(stdout, 'sent')).to.equal(200);
    expect(figure(stdout, 'created')).to.equal(200);

    const skipped = start('client', [...args, '--skip', '1101']);
    skipped.process.stdin?.end(text);
    expect(figure((await skipped.ended).stdout, 'existed')).to.equal(100);
    expect(await stopServer(server)).to.equal(1200);
  });

  it('explains errors in one line: exit code 1 without a server, 64 for a wrong argument or input', async () => {
    const port = await freePort();
    const server = await startServer(database);
    writeFileSync(input, generate(10, 0));
    const wrongColumns = join(folder.path, 'columns.csv');
    writeFileSync(wrongColumns, 'id,first\n1,Johanna\n');

    const cases: [number, RegExp, string[]][] = [
      [
        1,
        /^no server at http:\/\/127\.0\.0\.1:\d+, UNAVAILABLE: .*; start one, or .*; nothing was acknowledged\n$/,
        [input],
      ],
      [64, /^error: .*none\.csv: no such file\n$/, [join(folder.path, 'none.csv')]],
      [
        64,
        /^line 1 is no header with id.*: no name, last_name, age; nothing was acknowledged\n$/,
        [wrongColumns, '--target', server.target],
      ],
      [64, /^error: option '--skip <lines>' argument 'x' is invalid.*\n$/, [input, '--skip', 'x']],
      [64, /^error: connect: .*'127.0.0.1:3000'.*\n$/, [input, '--target', '127.0.0.1:3000']],
    ];
    const ended = await Promise.all(
      cases.map(([, , args]) => start('client', ['--target', `http://127.0.0.1:${port}`, ...args]).ended),
    );
    ended.forEach(({ code, stderr }, i) => {
      expect(stderr).to.match(cases[i]![1]);
      expect(code, stderr).to.equal(cases[i]![0]);
    });
  });

  it('refuses to serve on a port in use, and a database that is in use or invalid', async () => {
    const server = await startServer(database);
    mkdirSync(join(folder.path, 'other'));
    const none = join(folder.path, 'none.db');
    writeFileSync(none, 'no database\n'.repeat(500));
    const other = (listen: string, file: string) => start('server', ['--listen', listen, '--database', file]).ended;
    const [taken, inUse, isNone] = await Promise.all([
      other(server.target, join(folder.path, 'other', 'users.db')),
      other('http://127.0.0.1:0', database),
      other('http://127.0.0.1:0', none),
    ]);
    expect(taken?.stderr).to.match(/^error: cannot listen on .*in use.*\n$/m);
    expect(inUse?.stderr).to.match(/^error: .*users\.db: in use by process \d+ .*\n$/);
    expect(isNone?.stderr).to.match(/^error: .*none\.db: file is not a database\n$/);
    for (const { code } of [taken, inUse, isNone]) expect(code).to.equal(1);
    expect(await stopServer(server)).to.equal(0);
  });
});
