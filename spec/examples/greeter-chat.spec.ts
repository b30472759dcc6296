import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { expect } from 'chai';
import { Code, close, connect, implement, loopback, RpcError, serve } from 'rx-grpc';
import {
  concat,
  concatWith,
  EMPTY,
  firstValueFrom,
  materialize,
  mergeMap,
  NEVER,
  of,
  take,
  throwError,
  toArray,
} from 'rxjs';
import { Greeter } from '../../examples/gen/greeter-chat.ts';
import { chat } from '../../examples/greeter-chat/chat.ts';
import { turnAround } from '../../examples/greeter-chat/greeter.ts';
import { withEnoughTime } from '../support/enough-time.ts';
import { itEndsWell } from './support/it-ends-well.ts';
import { compiledProgram, interrupt, killAll, start, startServer } from './support/programs.ts';

/** Replies twice to the first line, and then ends the chat. */
const grumpy = implement(Greeter, {
  bidiHello: request$ =>
    request$.pipe(
      take(1),
      mergeMap(() => of({ reply: 'one' }, { reply: 'two' })),
      concatWith(throwError(() => new RpcError(Code.RESOURCE_EXHAUSTED, 'enough talked'))),
    ),
});

describe('examples/greeter-chat', () => {
  afterEach(killAll);

  it('turns questions into answers', () => {
    expect(['你好吗？', '你在吧?', '吃饭了吗吧？?', 'Is it you?', ''].map(turnAround)).to.deep.equal([
      '我好!',
      '我在!',
      '吃饭了!!',
      'Is it you!',
      '',
    ]);
  });

  it('main chats line by line, skips blank lines, and ends at EXIT in any case, though its input continues', async () => {
    const ended = ['EXIT', 'exit', ' eXiT '].map(async exit => {
      const main = start('greeter-chat/main');
      main.process.stdin?.write('你好吗？\n');
      await main.printed(/^AI: {2}我好!\n/);
      main.process.stdin?.write('\n  \t\r\n 你在吧?\r\n');
      await main.printed(/我在!\n/);
      main.process.stdin?.write(`${exit}\nnobody hears this\n`);
      return main.ended;
    });
    for (const each of await Promise.all(ended)) {
      expect(each).to.deep.equal({ code: 0, stdout: 'AI:  我好!\nAI:  我在!\n', stderr: '' });
    }
  });

  it('main exits with 130 at Ctrl-C while it waits for a line', async () => {
    const main = start('greeter-chat/main');
    main.process.stdin?.write('你好\n');
    await main.printed(/我好\n/);
    expect(await interrupt(main)).to.deep.equal({ code: 130, stdout: 'AI:  我好\n', stderr: 'interrupted\n' });
  });

  it('server and client in two processes: the end of the input ends the chat after all replies', async () => {
    const server = await startServer('greeter-chat/server');
    const client = start('greeter-chat/client', server.at);
    const lines = Array.from({ length: 3000 }, (_, i) => `你${i}?`);
    client.process.stdin?.end(lines.join('\n'));
    const { code, stdout, stderr } = await client.ended;
    expect(stdout).to.equal(lines.map((_, i) => `AI:  我${i}!\n`).join(''));
    expect([code, stderr]).to.deep.equal([0, '']);
    expect(await interrupt(server)).to.deep.include({ code: 0, stderr: '' });
  });

  it('a client that never half-closes and hits its deadline, and an empty name, are normal for the server', async () => {
    const server = await startServer('greeter-chat/server');
    await withEnoughTime(1000, async timeoutMs => {
      const client = start('greeter-chat/client', [...server.at, '--timeout-ms', `${timeoutMs}`]);
      client.process.stdin?.write('在吗？\n');
      const { code, stdout, stderr } = await client.ended;
      expect(code).to.equal(1);
      if (stdout === '') return false; // no answer in that time
      expect(stdout).to.equal('AI:  在!\n');
      // On a busy machine the server's status may come before the client's own timer.
      expect(stderr).to.match(
        new RegExp(`^the call to ${server.target} failed, DEADLINE_EXCEEDED: Deadline exceeded( after [\\d.]+s)?\n$`),
      );
      return true;
    });

    const greeter = connect(Greeter, server.target);
    expect(await firstValueFrom(greeter.bidiHello(concat(of({ name: '' }), NEVER)))).to.deep.equal({ reply: '' });
    close(greeter);
    expect(await interrupt(server)).to.deep.equal({
      code: 0,
      stdout: `listening on ${server.target}\nstopped, no call cut short\n`,
      stderr: '',
    });
  });

  it('prints all replies, then the error of the server, and releases the input', async () => {
    const input = Readable.from(['a\n'], { objectMode: false });
    const told = await firstValueFrom(chat(loopback(grumpy), input, 60_000).pipe(materialize(), toArray()));
    expect(
      told.map(({ kind, value, error }) => value ?? (error as RpcError | undefined)?.details ?? kind),
    ).to.deep.equal(['AI:  one', 'AI:  two', 'enough talked']);

    const server = await serve('http://127.0.0.1:0', grumpy);
    const client = start('greeter-chat/client', ['--port', String(server.port)]);
    client.process.stdin?.write('a\n');
    expect(await client.ended).to.deep.equal({
      code: 1,
      stdout: 'AI:  one\nAI:  two\n',
      stderr: `the call to ${server.target} failed, RESOURCE_EXHAUSTED: enough talked\n`,
    });
    await server.shutdown();
  });

  it('exits with 1 and an explanation when its output cannot be written', async () => {
    if (process.platform !== 'linux') return; // only Linux has a device that is always full
    const output = openSync('/dev/full', 'w');
    const child = spawn(process.execPath, [compiledProgram('greeter-chat/main')], { stdio: ['pipe', output, 'pipe'] });
    closeSync(output);
    child.stdin?.write('你好\n');
    const [stderr, [code]] = await Promise.all([text(child.stderr as Readable), once(child, 'close')]);
    expect(stderr).to.match(/^error: what is printed cannot be written: ENOSPC: .*\ninterrupted\n$/);
    expect(code).to.equal(1);
  });

  it('limits a chat to two minutes', async () => {
    let leftMs = 0;
    const service = implement(Greeter, {
      bidiHello: (_, { deadline }) => {
        leftMs = Number(deadline) - Date.now();
        return EMPTY;
      },
    });
    const server = await serve('http://127.0.0.1:0', service);
    const { code } = await start('greeter-chat/client', ['--port', String(server.port)]).ended;
    expect(code).to.equal(0);
    expect(leftMs).to.be.within(110_000, 120_000);
    await server.shutdown();
  });

  itEndsWell({
    example: 'greeter-chat',
    input: '你好\n',
    underWay: /我好\n/,
    other: 'conversations',
  });
});
