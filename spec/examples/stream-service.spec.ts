import { expect } from 'chai';
import { type ClientOf, Code, close, connect, implement, isRpcError, loopback, pull, serve } from 'rx-grpc';
import { concat, firstValueFrom, lastValueFrom, map, NEVER, type Observable, of } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { answers } from '../../examples/conversations/answers.ts';
import { Stream } from '../../examples/gen/conversations.ts';
import { StreamService } from '../../examples/stream-service/gen/stream-service.ts';
import { points } from '../../examples/stream-service/points.ts';
import { threeShapes } from '../../examples/stream-service/three-shapes.ts';
import { settled } from '../support/settled.ts';
import { itEndsWell } from './support/it-ends-well.ts';
import { interrupt, killAll, start, startServer } from './support/programs.ts';

const transcript = `\
resp: pt.name: gRPC Stream Client: List, pt.value: 1234
resp: pt.name: gRPC Stream Client: List, pt.value: 1235
resp: pt.name: gRPC Stream Client: List, pt.value: 1236
resp: pt.name: gRPC Stream Client: List, pt.value: 1237
resp: pt.name: gRPC Stream Client: List, pt.value: 1238
resp: pt.name: gRPC Stream Client: List, pt.value: 1239
resp: pt.name: gRPC Stream Client: List, pt.value: 1240
resp: pt.name: gRPC Stream Server: Record, pt.value: 1
resp: pt.name: gRPC Stream Server: Route, pt.value: 0
resp: pt.name: gRPC Stream Server: Route, pt.value: 1
resp: pt.name: gRPC Stream Server: Route, pt.value: 2
resp: pt.name: gRPC Stream Server: Route, pt.value: 3
resp: pt.name: gRPC Stream Server: Route, pt.value: 4
resp: pt.name: gRPC Stream Server: Route, pt.value: 5
resp: pt.name: gRPC Stream Server: Route, pt.value: 6
Server Closed
`;

type Client = ClientOf<typeof StreamService>;

/** The service at a pace of one second, and a client of it, in virtual time. */
function inVirtualTime(test: (client: Client, scheduler: TestScheduler) => void): void {
  const scheduler = new TestScheduler((came, wanted) => {
    expect(came).to.deep.equal(wanted);
  });
  scheduler.run(() => test(loopback(implement(StreamService, points(1000, scheduler))), scheduler));
}

/** The time of each value in milliseconds, and finally of the end. */
function times(source$: Observable<unknown>, scheduler: TestScheduler): number[] {
  const at: number[] = [];
  const note = () => at.push(scheduler.now());
  source$.subscribe({ next: note, complete: note });
  scheduler.flush();
  return at;
}

describe('examples/stream-service', () => {
  afterEach(killAll);

  it('main calls the three shapes', async () => {
    const { code, stdout, stderr } = await start('stream-service/main', ['--pace-ms', '1']).ended;
    expect(stdout).to.equal(transcript);
    expect([code, stderr]).to.deep.equal([0, '']);
  });

  it('server and client in two processes do the same', async () => {
    const server = await startServer('stream-service/server', '--pace-ms', '0');
    const client = await start('stream-service/client', [...server.at, '--pace-ms', '0']).ended;
    expect(client).to.deep.equal({ code: 0, stdout: transcript, stderr: '' });
    expect(await interrupt(server)).to.deep.include({ code: 0, stderr: '' });
  });

  it('List: seven responses, the first at once, then one per second', () => {
    inVirtualTime((client, scheduler) => {
      const at = times(client.list({ pt: { name: 'n', value: 5 } }), scheduler);
      expect(at).to.deep.equal([0, 1000, 2000, 3000, 4000, 5000, 6000, 6000]);
    });
  });

  it('List: the greatest int32 is followed by the least', () => {
    inVirtualTime((client, scheduler) => {
      const values: (number | undefined)[] = [];
      client.list({ pt: { name: 'n', value: 2 ** 31 - 2 } }).subscribe(({ pt }) => values.push(pt?.value));
      scheduler.flush();
      expect(values.slice(0, 4)).to.deep.equal([2 ** 31 - 2, 2 ** 31 - 1, -(2 ** 31), -(2 ** 31) + 1]);
    });
  });

  it('Record: reads one request per second and then answers once, also when there was none', () => {
    const requests = (many: number) => pull(Array(many).fill({ pt: { name: 'n', value: 5 } }));
    for (const many of [3, 0]) {
      inVirtualTime((client, scheduler) => {
        const at = times(requests(many).pipe(client.record), scheduler);
        expect(at).to.deep.equal([many * 1000, many * 1000]);
      });
    }
  });

  it('Record: requests no more from the client than it can hold while one request is processed', async () => {
    let asked = 0;
    const endless = function* () {
      for (;;) yield { pt: { name: 'n', value: ++asked } };
    };
    const client = loopback(implement(StreamService, points(1e9)));
    const recording = pull(endless).pipe(client.record).subscribe();
    expect(await settled(() => asked)).to.be.within(1, 40);
    recording.unsubscribe();
  });

  it('Route: answers each request at once, and counts from 0 in each call', () => {
    inVirtualTime((client, scheduler) => {
      const call = (from: number) =>
        scheduler
          .createColdObservable('a 9ms b 9ms (c|)', { a: from, b: from, c: from })
          .pipe(map(value => ({ pt: { name: 'n', value } })));
      for (const from of [7, 70]) {
        const came = client.route(call(from)).pipe(map(({ pt }) => `${pt?.name} ${pt?.value}`));
        scheduler.expectObservable(came).toBe('a 9ms b 9ms (c|)', {
          a: 'gRPC Stream Server: Route 0',
          b: 'gRPC Stream Server: Route 1',
          c: 'gRPC Stream Server: Route 2',
        });
      }
    });
  });

  it('the client calls the shapes one after another, and sends one Route request per second', () => {
    inVirtualTime((client, scheduler) => {
      const list = [0, 1, 2, 3, 4, 5, 6];
      const at = times(threeShapes(client, 1000, scheduler), scheduler);
      expect(at.map(ms => ms / 1000)).to.deep.equal([...list, 13, ...list.map(second => 13 + second), 19, 19]);
    });
  });

  it('a request without pt is INVALID_ARGUMENT, also after valid ones, and the server continues', async () => {
    const server = await startServer('stream-service/server', '--pace-ms', '0');
    const client = connect(StreamService, server.target);
    const good = { pt: { name: 'n', value: 1 } };
    const calls = [
      client.list({}),
      client.record(of({})),
      client.record(concat(of(good, {}), NEVER)),
      client.route(concat(of({}), NEVER)),
      client.route(concat(of(good, good, {}), NEVER)),
    ];
    for (const call of calls) {
      const error = await lastValueFrom(call).catch((caught: unknown) => caught);
      expect(isRpcError(error, Code.INVALID_ARGUMENT), String(error)).to.equal(true);
      expect((error as Error).message).to.match(/a request needs a pt$/);
    }
    expect(await firstValueFrom(client.record(of(good)))).to.have.nested.property('pt.value', 1);
    close(client);
    expect(await interrupt(server)).to.deep.include({ code: 0, stderr: '' });
  });

  it('runs beside a service whose messages have the same names in the same package', async () => {
    const server = await serve('http://127.0.0.1:0', [implement(Stream, answers), implement(StreamService, points(0))]);
    const [stream, service] = [connect(Stream, server.target), connect(StreamService, server.target)];
    expect(await lastValueFrom(stream.conversations(of({ question: 'who?' })))).to.deep.equal({
      answer: 'from stream server answer: the 1 question is who?',
    });
    expect(await lastValueFrom(service.route(of({ pt: { name: 'n', value: 5 } })))).to.deep.equal({
      pt: { name: 'gRPC Stream Server: Route', value: 0 },
    });
    for (const client of [stream, service]) close(client);
    await server.shutdown();
  });

  itEndsWell({
    example: 'stream-service',
    serverArgs: ['--pace-ms', '1000000'],
    underWay: /: List, pt\.value: 1234\n/,
    other: 'conversations',
  });
});
