import { Client, credentials, type ServiceDefinition, status } from '@grpc/grpc-js';
import { expect } from 'chai';
import { concat, NEVER, of, Subject } from 'rxjs';
import { Code, close, connect, implement, inspect, serve } from '../../lib/index.ts';
import { useBench } from '../support/bench.ts';
import { deferred } from '../support/deferred.ts';
import { Lab, type Note } from '../support/lab.ts';
import { record } from '../support/record.ts';
import { settled } from '../support/settled.ts';

const bytes = (of: Buffer): Buffer => of;
const method = (name: string, requestStream: boolean, responseStream: boolean) => ({
  path: `/other.Other/${name}`,
  requestStream,
  responseStream,
  requestSerialize: bytes,
  requestDeserialize: bytes,
  responseSerialize: bytes,
  responseDeserialize: bytes,
});
/** A service like grpc-health-check: Check answers, Watch never ends. */
const definition: ServiceDefinition = { check: method('Check', false, false), watch: method('Watch', false, true) };
const note: Note = { n: 1 };

/** A grace that no spec here waits for. */
const graceMs = 60_000;

describe('shutdown of a server with services that implement() did not make', () => {
  const bench = useBench();

  async function lab() {
    const answer$ = new Subject<void>();
    const cancelled = deferred();
    const other = {
      definition,
      implementation: {
        check: (_call: any, respond: any) => answer$.subscribe(() => respond(null, Buffer.from('fine'))),
        watch: (call: any) => {
          call.write(Buffer.from('fine'));
          call.on('cancelled', () => {
            cancelled.resolve();
            call.write(Buffer.from('too late'));
            call.end();
          });
        },
      },
    };
    const server = await serve('http://127.0.0.1:0', [implement.partial(Lab, { bidi: note$ => note$ }), other]);
    bench.onEnd(() => server.shutdown({ graceMs: 0 }));
    const client = connect(Lab, server.target);
    bench.onEnd(() => close(client));
    const plain = new Client(`127.0.0.1:${server.port}`, credentials.createInsecure());
    bench.onEnd(() => plain.close());

    const watch = () => {
      const stream = plain.makeServerStreamRequest('/other.Other/Watch', bytes, bytes, Buffer.alloc(0));
      stream.on('error', () => {});
      const ended = new Promise<any>(resolve => stream.once('status', resolve));
      return { began: new Promise(resolve => stream.once('data', resolve)), ended };
    };
    const check = () =>
      new Promise<string>((resolve, reject) => {
        plain.makeUnaryRequest('/other.Other/Check', bytes, bytes, Buffer.alloc(0), (error, value) =>
          error ? reject(error) : resolve(String(value)),
        );
      });
    return { server, client, watch, check, answer$, cancelled };
  }

  it('does not spend its grace on their streams, and reports them with path, shape and peer', async () => {
    const { server, watch, cancelled } = await lab();
    const { began, ended } = watch();
    await began;
    const { cut } = await server.shutdown({ graceMs });
    expect(await ended).to.include({ code: status.UNAVAILABLE, details: 'the server is shutting down' });
    expect(cut).to.have.lengthOf(1);
    expect(cut[0]).to.include({ path: '/other.Other/Watch', shape: 'serverStream' });
    expect(cut[0]!.peer).to.match(/^127\.0\.0\.1:\d+$/);
    expect([cut[0]!.received.messages, cut[0]!.sent.messages]).to.deep.equal([1, 1]);
    await cancelled.promise;
  });

  it('leaves their streams open while other calls run', async () => {
    const { server, client, watch } = await lab();
    const note$ = new Subject<Note>();
    const echo = record(client.bidi(note$));
    note$.next(note);
    await echo.received(1);
    const { began, ended } = watch();
    await began;
    const done = server.shutdown({ graceMs });
    let hasEnded = false;
    void ended.then(() => {
      hasEnded = true;
    });
    await settled(() => inspect(server).calls.length);
    expect(hasEnded).to.equal(false);
    note$.next(note);
    await echo.received(2);
    note$.complete();
    expect(await echo.ending).to.deep.equal({});
    expect((await done).cut.map(({ path }) => path)).to.deep.equal(['/other.Other/Watch']);
    expect(await ended).to.include({ code: status.UNAVAILABLE });
  });

  it('waits for their calls with one response as for any other, and reports nothing if only these run', async () => {
    const { server, check, answer$ } = await lab();
    const answer = check();
    while (!answer$.observed) await new Promise(setImmediate);
    const done = server.shutdown({ graceMs });
    await settled(() => inspect(server).calls.length);
    answer$.next();
    expect(await answer).to.equal('fine');
    expect(await done).to.deep.equal({ cut: [] });
  });

  it('reports all calls that it ends when the grace is over, with their peers', async () => {
    const { server, client, watch, check, answer$ } = await lab();
    const echo = record(client.bidi(concat(of(note), NEVER)));
    await echo.received(1);
    const { began, ended } = watch();
    await began;
    const answer = check().catch(error => error);
    while (!answer$.observed) await new Promise(setImmediate);
    const { cut } = await server.shutdown({ graceMs: 10 });
    expect(cut.map(({ path }) => path)).to.have.members(['/lab.Lab/Bidi', '/other.Other/Watch', '/other.Other/Check']);
    for (const { peer } of cut) expect(peer).to.match(/^127\.0\.0\.1:\d+$/);
    expect((await echo.ending).error).to.include({ code: Code.UNAVAILABLE });
    expect(await ended).to.include({ code: status.UNAVAILABLE });
    expect(await answer).to.include({ code: status.UNAVAILABLE });
  });

  it('has their calls listed by inspect while they run, and none after they have ended', async () => {
    const { server, check, answer$ } = await lab();
    const answer = check();
    while (!answer$.observed) await new Promise(setImmediate);
    expect(inspect(server).calls.map(({ path, shape }) => [path, shape])).to.deep.equal([
      ['/other.Other/Check', 'unary'],
    ]);
    answer$.next();
    await answer;
    await settled(() => inspect(server).calls.length);
    expect(inspect(server).calls).to.deep.equal([]);
  });
});
