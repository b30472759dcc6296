import { expect } from 'chai';
import { freePort, interrupt, killAll, type Running, start, startServer } from './programs.ts';

/** A server and a client in two processes, and how to bring them into the middle of a call. */
export interface Pair {
  /** The name of its folder. */
  readonly example: string;
  /** Arguments with which the call continues until something ends it. */
  readonly serverArgs?: readonly string[];
  readonly clientArgs?: readonly string[];
  /** What the client needs on its standard input first. */
  readonly input?: string;
  /** What the client prints in the middle of the call. */
  readonly underWay: RegExp;
  /** What the client prints when its server was stopped. */
  readonly stopped?: RegExp;
  /** The server of another example, with a different service. */
  readonly other: string;
}

const wasStopped =
  /^the connection to \S+ was lost, UNAVAILABLE: the server is shutting down; start the server again\n$/;

/** Specs of the abnormal ends of a pair: a readable message, the right exit code, and no process left running. */
export function itEndsWell({
  example,
  serverArgs = [],
  clientArgs = [],
  input,
  underWay,
  stopped = wasStopped,
  other,
}: Pair): void {
  const serve = () => startServer(`${example}/server`, ...serverArgs);
  const call = (...args: readonly string[]): Running => {
    const client = start(`${example}/client`, [...args, ...clientArgs]);
    if (input !== undefined) client.process.stdin?.write(input);
    return client;
  };

  afterEach(killAll);

  it('server killed in the middle: the client prints what was lost and what to do, and exits with 1', async () => {
    const server = await serve();
    const client = call(...server.at);
    await client.printed(underWay);
    server.process.kill('SIGKILL');
    const { code, stderr } = await client.ended;
    expect(stderr).to.match(/^the connection to \S+ was lost, UNAVAILABLE: .+; start the server again\n$/);
    expect(stderr).to.contain(server.target);
    expect(code).to.equal(1);
  });

  it('client killed in the middle: the server prints nothing, and serves the next client until it is stopped', async () => {
    const server = await serve();
    const killed = call(...server.at);
    await killed.printed(underWay);
    killed.process.kill('SIGKILL');
    expect((await killed.ended).code).to.equal(null);
    const next = call(...server.at);
    await next.printed(underWay);
    expect(await interrupt(server)).to.deep.equal({
      code: 0,
      stdout: `listening on ${server.target}\nstopped, 1 of its calls cut short\n`,
      stderr: '',
    });
    const { code, stderr } = await next.ended;
    expect(stderr).to.match(stopped);
    expect(code).to.equal(1);
  });

  it('Ctrl-C in the middle: the client cancels its call and exits with 130, the server has no call to cut and exits with 0', async () => {
    const server = await serve();
    const client = call(...server.at);
    await client.printed(underWay);
    expect(await interrupt(client)).to.deep.include({ code: 130, stderr: 'interrupted\n' });
    expect(await interrupt(server)).to.deep.equal({
      code: 0,
      stdout: `listening on ${server.target}\nstopped, no call cut short\n`,
      stderr: '',
    });
  });

  it('wrong port: the client names the service found there and what to do; a port in use makes the server exit with 1', async () => {
    const [port, stranger] = await Promise.all([freePort(), startServer(`${other}/server`)]);
    const [nobody, wrong, none, taken] = await Promise.all([
      call('--port', port).ended,
      call(...stranger.at).ended,
      start(`${example}/client`, ['--port', '65536']).ended,
      start(`${example}/server`, stranger.at).ended,
    ]);
    expect(nobody.stderr).to.equal(
      `no server at http://127.0.0.1:${port}, UNAVAILABLE: connect ECONNREFUSED 127.0.0.1:${port}; ` +
        'start one, or give the address of another\n',
    );
    expect(wrong.stderr).to.match(
      /^the server at \S+ is one of something else, UNIMPLEMENTED: .*\/\w+; give the address of the right one\n$/,
    );
    expect(none.stderr).to.match(/^error: option '--port <number>' argument '65536' is invalid\. .*0 to 65535\.\n$/);
    expect(taken.stderr).to.match(/^error: cannot listen on 127\.0\.0\.1:\d+: the address is in use .*\n$/m);
    expect([nobody, wrong, none, taken].map(({ code }) => code)).to.deep.equal([1, 1, 64, 1]);
    expect((await interrupt(stranger)).code).to.equal(0);
  });
}
