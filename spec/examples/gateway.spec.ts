import { expect } from 'chai';
import { withEnoughTime } from '../support/enough-time.ts';
import { isListening } from './support/is-listening.ts';
import { freePort, interrupt, killAll, start, startServer } from './support/programs.ts';

/** A countdown that does not end by itself while a spec runs. */
const ENDLESS = ['--from', '1000000', '--pace-ms', '5'];

describe('gateway, the programs', () => {
  after(killAll);

  /** A server, and a gateway in front of it. */
  const startAll = async () => {
    const server = await startServer('gateway/server');
    const gateway = await startServer('gateway/gateway', '--to', server.at[1]!);
    return { server, gateway };
  };

  it('main shows a call that completes, one that is cancelled and one that times out, and leaves no process running', async () => {
    const { code, stdout } = await start('gateway/main').ended;
    expect(code).to.equal(0);
    const told = stdout.split('\n').filter(line => /^(server|client) +\| (?!listening|stopped|\d+ left)/.test(line));
    expect(told.filter(line => line.startsWith('server'))).to.deep.equal([
      'server  | whole begins: a deadline, no token',
      'server  | whole is done',
      'server  | cancelled begins: a deadline, no token',
      'server  | cancelled is cut short: CANCELLED',
      'server  | late begins: a deadline, no token',
      `server  | late is cut short: ${/late is cut short: (CANCELLED|DEADLINE_EXCEEDED)/.exec(stdout)?.[1]}`,
    ]);
    expect(stdout.match(/^client +\| \d left$/gm)?.join()).to.equal(
      'client  | 3 left,client  | 2 left,client  | 1 left,client  | 0 left',
    );
    expect(stdout).to.match(/^client +\| .*DEADLINE_EXCEEDED/m);
    const ports = [...stdout.matchAll(/listening on .*:(\d+)/g)].map(([, port]) => Number(port));
    expect(await Promise.all(ports.map(isListening))).to.deep.equal([false, false]);
  });

  it('main stops the other processes when it is stopped in the middle', async () => {
    const main = start('gateway/main');
    await main.printed(/cancelled begins/);
    main.process.kill('SIGTERM');
    const { code, stdout } = await main.ended;
    expect(code).to.equal(130);
    const ports = [...stdout.matchAll(/listening on .*:(\d+)/g)].map(([, port]) => Number(port));
    expect(await Promise.all(ports.map(isListening))).to.deep.equal([false, false]);
  });

  it('main leaves no process running when it is killed', async () => {
    const main = start('gateway/main');
    await main.printed(/cancelled begins/);
    main.process.kill('SIGKILL');
    const { stdout } = await main.ended;
    const ports = [...stdout.matchAll(/listening on .*:(\d+)/g)].map(([, port]) => Number(port));
    expect(ports).to.have.length(2);
    for (const port of ports) while (await isListening(port)); // each process notices by itself
  });

  describe('The gateway passes on', () => {
    let server: Awaited<ReturnType<typeof startServer>>;
    let gateway: typeof server;
    before(async () => {
      ({ server, gateway } = await startAll());
    });
    const startClient = (id: string, ...args: string[]) =>
      start('gateway/client', [...gateway.at, '--id', id, ...args]);

    it('the named metadata and the deadline, and not the token', async () => {
      const { code, stdout } = await startClient('r-7', '--pace-ms', '0').ended;
      expect({ code, stdout }).to.deep.equal({ code: 0, stdout: '3 left\n2 left\n1 left\n0 left\n' });
      await server.printed(/^r-7 begins: a deadline, no token\nr-7 is done$/m);
    });

    it('the cancellation by a client that has enough', async () => {
      const { code, stdout } = await startClient('enough', ...ENDLESS, '--take', '2').ended;
      expect({ code, stdout }).to.deep.equal({ code: 0, stdout: '1000000 left\n999999 left\n' });
      await server.printed(/^enough is cut short: CANCELLED$/m);
    });

    it('Ctrl-C', async () => {
      const client = startClient('stopped', ...ENDLESS);
      await client.printed(/ left$/m);
      const { code, stderr } = await interrupt(client);
      expect({ code, stderr }).to.deep.equal({ code: 130, stderr: 'interrupted\n' });
      await server.printed(/^stopped is cut short: CANCELLED$/m);
    });

    it('the cancellation when a client is killed', async () => {
      const client = startClient('killed', ...ENDLESS);
      await client.printed(/ left$/m);
      client.process.kill('SIGKILL');
      await server.printed(/^killed is cut short: CANCELLED$/m);
    });

    it('the end at the deadline', async () => {
      await withEnoughTime(1000, async timeoutMs => {
        const id = `late-${timeoutMs}`;
        const { code, stdout, stderr } = await startClient(id, ...ENDLESS, '--timeout-ms', `${timeoutMs}`).ended;
        expect(code).to.equal(1);
        expect(stderr).to.contain('DEADLINE_EXCEEDED');
        if (!stdout.includes(' left')) return false; // no answer of the server in that time
        await server.printed(new RegExp(`^${id} is cut short: (DEADLINE_EXCEEDED|CANCELLED)$`, 'm'));
        return true;
      });
    });

    it('and afterwards no call is left in either process', async () => {
      for (const program of [gateway, server]) {
        const { code, stdout } = await interrupt(program);
        expect(code).to.equal(0);
        expect(stdout).to.contain('stopped, no call cut short');
      }
    });
  });

  it('describes the loss of its server in its own words, and continues when the server is back', async () => {
    const { server, gateway } = await startAll();
    const client = start('gateway/client', [...gateway.at, ...ENDLESS]);
    await client.printed(/ left$/m);
    server.process.kill('SIGKILL');
    const { code, stderr } = await client.ended;
    expect(code).to.equal(1);
    expect(stderr)
      .to.contain('UNAVAILABLE: the server behind the gateway is not there')
      .and.not.to.contain(server.at[1]);
    await gateway.printed(/^the server behind is not there, /m);

    const again = start('gateway/server', server.at);
    await again.printed(/^listening on /m);
    const next = await start('gateway/client', [...gateway.at, '--pace-ms', '0']).ended;
    expect(next.code, next.stderr).to.equal(0);
  });

  it('a killed gateway: its client gets an error, and the far call ends', async () => {
    const { server, gateway } = await startAll();
    const client = start('gateway/client', [...gateway.at, ...ENDLESS]);
    await client.printed(/ left$/m);
    gateway.process.kill('SIGKILL');
    const { code, stderr } = await client.ended;
    expect(code).to.equal(1);
    expect(stderr).to.match(/^the connection to http:\/\/127\.0\.0\.1:\d+ was lost, UNAVAILABLE/);
    await server.printed(/^r-1 is cut short: CANCELLED$/m);
  });

  it('explains a port without a server, and a port in use', async () => {
    const port = await freePort();
    const lost = await start('gateway/client', ['--port', port]).ended;
    expect(lost.code).to.equal(1);
    expect(lost.stderr).to.contain(`no server at http://127.0.0.1:${port}, UNAVAILABLE`);
    const { gateway } = await startAll();
    const second = await start('gateway/gateway', gateway.at).ended;
    expect(second.code).to.equal(1);
    expect(second.stderr)
      .to.match(/^error: /m)
      .and.to.contain(gateway.at[1]);
  });
});
