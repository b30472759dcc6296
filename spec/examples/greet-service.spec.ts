import { expect } from 'chai';
import { Code, close, connect, isRpcError } from 'rx-grpc';
import { count, EMPTY, firstValueFrom, lastValueFrom, of, retry } from 'rxjs';
import { GreetService } from '../../examples/gen/greet.ts';
import { itEndsWell } from './support/it-ends-well.ts';
import { interrupt, killAll, start, startServer } from './support/programs.ts';

const before = `\
[start to test TRIPLE unary call]
TRIPLE unary call resp: [triple]
[start to test TRIPLE bidi stream]
TRIPLE bidi stream resp: [triple]
[start to test TRIPLE client stream]
TRIPLE client stream resp: [triple,triple,triple,triple,triple]
[start to test TRIPLE server stream]
`;
const line = 'TRIPLE server stream resp: [triple]\n';

describe('examples/greet-service', () => {
  afterEach(killAll);

  it('main calls the four shapes in order, through a gateway', async () => {
    const ended = await start('greet-service/main').ended;
    expect(ended).to.deep.equal({ code: 0, stdout: before + line.repeat(5), stderr: '' });
  });

  it('a client of a gateway in a process of its own prints the same as without a gateway', async () => {
    const server = await startServer('greet-service/server', '--times', '3');
    const gateway = await startServer('greet-service/gateway', '--upstream', server.target);
    const clients = [server, gateway].map(({ at }) => start('greet-service/client', at).ended);
    for (const ended of await Promise.all(clients)) {
      expect(ended).to.deep.equal({ code: 0, stdout: before + line.repeat(3), stderr: '' });
    }
    for (const each of [gateway, server]) {
      expect(await interrupt(each)).to.deep.equal({
        code: 0,
        stdout: `listening on ${each.target}\nstopped, no call cut short\n`,
        stderr: '',
      });
    }
  });

  it('joins the names of a stream of many, one and no requests', async () => {
    const server = await startServer('greet-service/server', '--times', '0');
    const greet = connect(GreetService, server.target);
    const joined = (...names: string[]) =>
      firstValueFrom(greet.greetClientStream(of(...names.map(name => ({ name })))));
    expect(await joined('a', '', 'c')).to.deep.equal({ greeting: 'a,,c' });
    expect(await joined('a')).to.deep.equal({ greeting: 'a' });
    expect(await firstValueFrom(greet.greetClientStream(EMPTY))).to.deep.equal({ greeting: '' });
    expect(await lastValueFrom(greet.greetServerStream({ name: 'a' }).pipe(count()))).to.equal(0);
    close(greet);
    await interrupt(server);
  });

  it('upstream killed in the middle: the gateway passes the error on, prints nothing, and continues when the upstream is back', async () => {
    const server = await startServer('greet-service/server', '--times', '1000000');
    const gateway = await startServer('greet-service/gateway', '--upstream', server.target);
    const client = start('greet-service/client', gateway.at);
    await client.printed(/server stream resp/);
    server.process.kill('SIGKILL');
    const lost = await client.ended;
    expect(lost.stderr).to.match(
      new RegExp(
        `^the server at ${gateway.target} cannot do its work, UNAVAILABLE: .*; look after what it depends on\n$`,
      ),
    );
    expect(lost.code).to.equal(1);

    const greet = connect(GreetService, gateway.target);
    const error = await firstValueFrom(greet.greet({ name: 'a' })).catch((caught: unknown) => caught);
    expect(isRpcError(error, Code.UNAVAILABLE), String(error)).to.equal(true);
    close(greet);

    await server.ended;
    const again = start('greet-service/server', server.at);
    await again.printed(/^listening/);
    // The gateway reconnects by itself after its back-off.
    const greetAgain = connect(GreetService, gateway.target);
    expect(await firstValueFrom(greetAgain.greet({ name: 'a' }).pipe(retry()))).to.deep.equal({ greeting: 'a' });
    close(greetAgain);
    for (const each of [gateway, again]) expect(await interrupt(each)).to.deep.include({ code: 0, stderr: '' });
  });

  it('wrong upstream: 64 for an invalid address, and the client of a gateway without an upstream gets the reason', async () => {
    const gateway = await startServer('greet-service/gateway', '--upstream', 'http://127.0.0.1:1');
    const [none, client] = await Promise.all([
      start('greet-service/gateway', ['--upstream', 'localhost:20000']).ended,
      start('greet-service/client', gateway.at).ended,
    ]);
    expect(none.stderr).to.match(
      /argument 'localhost:20000' is invalid\. It is not of the form http:\/\/host:port\.\n$/,
    );
    expect(none.code).to.equal(64);
    expect(client).to.deep.equal({
      code: 1,
      stdout: '[start to test TRIPLE unary call]\n',
      stderr:
        `the server at ${gateway.target} cannot do its work, UNAVAILABLE: the server behind this one cannot be reached; ` +
        'look after what it depends on\n',
    });
    expect(await interrupt(gateway)).to.deep.include({ code: 0, stderr: '' });
  });

  itEndsWell({
    example: 'greet-service',
    serverArgs: ['--times', '1000000'],
    underWay: /server stream resp/,
    // A client that is busy reading may not reach the status before its stream is reset.
    stopped:
      /^(the connection to \S+ was lost, UNAVAILABLE: .*; start the server again|the server at \S+ broke the call off, CANCELLED: .*; call again)\n$/,
    other: 'stream-service',
  });
});
