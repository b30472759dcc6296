import { expect } from 'chai';
import { close, connect, implement, loopback } from 'rx-grpc';
import { Subject } from 'rxjs';
import { questions } from '../../examples/conversations/questions.ts';
import { Stream } from '../../examples/gen/conversations.ts';
import { settled } from '../support/settled.ts';
import { itEndsWell } from './support/it-ends-well.ts';
import { interrupt, killAll, start, startServer } from './support/programs.ts';

const transcript = `\
from stream server answer: the 1 question is stream client rpc 0
from stream server answer: the 2 question is stream client rpc 1
from stream server answer: the 3 question is stream client rpc 2
from stream server answer: the 4 question is stream client rpc 3
from stream server answer: the 5 question is stream client rpc 4
`;

describe('examples/conversations', () => {
  afterEach(killAll);

  it('main asks five questions and prints the answers', async () => {
    expect(await start('conversations/main').ended).to.deep.equal({ code: 0, stdout: transcript, stderr: '' });
  });

  it('server and client in two processes do the same, and each call counts from 1', async () => {
    const server = await startServer('conversations/server');
    const clients = [1, 2].map(() => start('conversations/client', server.at).ended);
    for (const ended of await Promise.all(clients)) {
      expect(ended).to.deep.equal({ code: 0, stdout: transcript, stderr: '' });
    }
    expect(await interrupt(server)).to.deep.include({ code: 0, stderr: '' });
  });

  it('asks the next question only after the last was answered', async () => {
    const asked: string[] = [];
    const answer$ = new Subject<{ answer: string }>();
    const service = implement(Stream, {
      conversations: request$ => {
        request$.subscribe({ next: ({ question }) => asked.push(question), complete: () => answer$.complete() });
        return answer$;
      },
    });
    const told: string[] = [];
    questions(loopback(service), 2).subscribe({
      next: line => told.push(line),
      complete: () => told.push('complete'),
    });
    expect(await settled(() => asked.length)).to.equal(1);
    answer$.next({ answer: 'one' });
    expect(await settled(() => asked.length)).to.equal(2);
    answer$.next({ answer: 'two' });
    expect(await settled(() => told.length)).to.equal(3);
    expect(asked).to.deep.equal(['stream client rpc 0', 'stream client rpc 1']);
    expect(told).to.deep.equal(['one', 'two', 'complete']);
  });

  it('the server ignores a client that closes its connection right after half-closing', async () => {
    const server = await startServer('conversations/server');
    const hasty = connect(Stream, server.target);
    const question$ = new Subject<{ question: string }>();
    const answered = new Promise<unknown>((resolve, reject) => {
      question$.pipe(hasty.conversations).subscribe({ next: resolve, error: reject });
    });
    question$.next({ question: 'the only one' });
    expect(await answered).to.deep.equal({
      answer: 'from stream server answer: the 1 question is the only one',
    });
    question$.complete();
    close(hasty);
    expect(await start('conversations/client', server.at).ended).to.deep.include({ code: 0, stdout: transcript });
    expect(await interrupt(server)).to.deep.equal({
      code: 0,
      stdout: `listening on ${server.target}\nstopped, no call cut short\n`,
      stderr: '',
    });
  });

  itEndsWell({
    example: 'conversations',
    clientArgs: ['--questions', '1000000000'],
    underWay: /rpc 10\n/,
    other: 'greet-service',
  });
});
