import { expect } from 'chai';
import { Code, RpcError } from 'rx-grpc';
import { concat, EMPTY, finalize, from, materialize, type Observable, throwError } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import type { Entry } from '../../examples/gen/journal.ts';
import { readAll } from '../../examples/retry/read-all.ts';
import { isListening } from './support/is-listening.ts';
import { freePort, interrupt, killAll, start, startServer } from './support/programs.ts';

const numbersOf = (text: string) =>
  [...text.matchAll(/^(?:client +\| )?(\d+) what happened/gm)].map(([, n]) => Number(n));
const upTo = (n: number) => Array.from({ length: n }, (_, index) => index + 1);

describe('retry, the programs', () => {
  afterEach(killAll);

  it('main: the server is killed in the middle, each entry arrives once and in order, no process is left running', async () => {
    const { code, stdout } = await start('retry/main').ended;
    expect(code).to.equal(0);
    expect(numbersOf(stdout)).to.deep.equal(upTo(30));
    expect(stdout).to.match(/UNAVAILABLE after entry \d+: the next try in 100 ms/);
    const [port] = /(?<=listening on .*:)\d+/.exec(stdout)!;
    expect(await isListening(Number(port))).to.equal(false);
  });

  it('continues however often the server is killed, and when it is stopped by Ctrl-C', async () => {
    let server = await startServer('retry/server', '--entries', '60', '--pace-ms', '10');
    const { at } = server;
    const client = start('retry/client', [...at, '--backoff-ms', '20', '--max-backoff-ms', '100', '--tries', '1000']);
    for (const [entry, signal] of [
      [5, 'SIGKILL'],
      [15, 'SIGINT'],
      [25, 'SIGKILL'],
    ] as const) {
      await client.printed(new RegExp(`^${entry} `, 'm'));
      server.process.kill(signal);
      await server.ended;
      server = { ...server, ...start('retry/server', [...at, '--entries', '60', '--pace-ms', '10']) };
      await server.printed(/^listening/m);
    }
    const { code, stdout, stderr } = await client.ended;
    expect(code, stderr).to.equal(0);
    expect(numbersOf(stdout)).to.deep.equal(upTo(60));
    expect((await interrupt(server)).stdout).to.contain('stopped, no call cut short');
  });

  it('gives up without a server, and says so', async () => {
    const port = await freePort();
    const args = ['--port', port, '--tries', '3', '--backoff-ms', '1'];
    const { code, stdout, stderr } = await start('retry/client', args).ended;
    expect({ code, stdout }).to.deep.equal({ code: 1, stdout: '' });
    expect(stderr.match(/^UNAVAILABLE after entry 0: the next try in \d ms$/gm)).to.have.length(2);
    expect(stderr).to.contain(`no server at http://127.0.0.1:${port}, UNAVAILABLE`);
  });

  it('Ctrl-C ends a client that waits for its next attempt; a killed client does not affect the server', async () => {
    const waiting = start('retry/client', [
      '--port',
      await freePort(),
      '--backoff-ms',
      '1000000',
      '--max-backoff-ms',
      '1000000',
    ]);
    await waiting.printed(/the next try in 1000000 ms/);
    const { code, stderr } = await interrupt(waiting);
    expect(code).to.equal(130);
    expect(stderr).to.match(/interrupted\n$/);

    const server = await startServer('retry/server', '--entries', '100000', '--pace-ms', '1');
    const client = start('retry/client', server.at);
    await client.printed(/^3 /m);
    client.process.kill('SIGKILL');
    await client.ended;
    const taken = await start('retry/server', server.at).ended;
    expect(taken.code).to.equal(1);
    expect(taken.stderr).to.match(/^error: /m);
    expect((await interrupt(server)).stdout).to.contain('stopped, no call cut short');
  });
});

describe('retry, readAll', () => {
  const patience = { tries: 4, backoffMs: 100, maxBackoffMs: 300 };
  const entry = (number: number): Entry => ({ number, text: '' });
  const unavailable = new RpcError(Code.UNAVAILABLE, 'gone');

  /** The entries read, in virtual time, from calls that emit the listed entries and then fail, except the last. */
  const told = (calls: readonly (readonly number[] | RpcError)[]) => {
    const asked: number[] = [];
    const call = ({ after }: { after: number }): Observable<Entry> => {
      const what = calls[asked.push(after) - 1]!;
      if (what instanceof RpcError) return throwError(() => what);
      const end$ = asked.length === calls.length ? EMPTY : throwError(() => unavailable);
      return concat(from(what.map(entry)), end$);
    };
    const seen: unknown[] = [];
    let ms = 0;
    const scheduler = new TestScheduler(() => {});
    scheduler.run(() => {
      readAll(call, patience)
        .pipe(
          materialize(),
          finalize(() => {
            ms = scheduler.now();
          }),
        )
        .subscribe(one => seen.push(one.kind === 'N' ? one.value.number : one.kind));
    });
    return { asked, seen, ms };
  };

  it('requests what follows the last entry', () => {
    expect(told([[1, 2], [3], [], [4]])).to.deep.equal({
      asked: [0, 2, 3, 3],
      seen: [1, 2, 3, 4, 'C'],
      ms: 100 + 100 + 200,
    });
  });

  it('doubles the wait after each consecutive failure up to the longest wait, and gives up after the configured number', () => {
    expect(told([[1], [], [], [], [2]])).to.deep.equal({ asked: [0, 1, 1, 1], seen: [1, 'E'], ms: 100 + 200 + 300 });
    expect(told([[1], [], [], [2]])).to.deep.equal({ asked: [0, 1, 1, 1], seen: [1, 2, 'C'], ms: 100 + 200 + 300 });
  });

  it('does not retry errors that would be the same next time', () => {
    expect(told([new RpcError(Code.INVALID_ARGUMENT, 'wrong'), [1]])).to.deep.equal({ asked: [0], seen: ['E'], ms: 0 });
  });

  it('starts anew for each subscription', () => {
    const asked: number[] = [];
    const all$ = readAll(({ after }) => {
      asked.push(after);
      return from([entry(1)]);
    }, patience);
    for (let times = 0; times < 2; times++) all$.subscribe();
    expect(asked).to.deep.equal([0, 0]);
  });
});
