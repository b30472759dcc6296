import { once } from 'node:events';
import http2 from 'node:http2';
import net from 'node:net';
import { mock } from 'node:test';
import { Client, credentials, type ServiceDefinition, type UntypedServiceImplementation } from '@grpc/grpc-js';
import { expect } from 'chai';
import { concat, NEVER, type Observable, of, Subject, takeUntil } from 'rxjs';
import {
  Code,
  close,
  connect,
  implement,
  inspect,
  pull,
  type ServeOptions,
  type ServerCall,
  serve,
} from '../../lib/index.ts';
import { retry } from '../../lib/middleware.ts';
import { frame, message, SETTINGS } from '../grpc-js/raw-peer.ts';
import { callOf, inAllShapes, useBench } from '../support/bench.ts';
import { deferred } from '../support/deferred.ts';
import { Lab, type Note, shapes } from '../support/lab.ts';
import { errorOf, type Recording, record, rejectionOf } from '../support/record.ts';
import { settled } from '../support/settled.ts';
import { tls } from '../support/tls.ts';

const note: Note = { n: 1 };
const oneConnection = { 'grpc.per_rpc_retry_buffer_size': 4096, 'grpc.use_local_subchannel_pool': 1 };
const age = (maxMs: number, graceMs?: number): ServeOptions => ({ connectionAge: { maxMs, graceMs } });

/** Completes when draining$ emits. */
const untilDraining = (request$: Observable<Note>, call: ServerCall) =>
  concat(request$, NEVER).pipe(takeUntil(call.draining$));

describe('connectionAge', () => {
  const bench = useBench();

  afterEach(() => mock.timers.reset());

  /** A clock that moves only by `tick`. */
  const stopTime = () => mock.timers.enable({ apis: ['setTimeout'] });

  it('notifies the calls of a connection by draining$ when it reaches its age, and no calls of others', async () => {
    stopTime();
    const drained: string[] = [];
    const { client, server } = await bench.run(
      inAllShapes((request$, call) => {
        call.draining$.subscribe({ next: () => drained.push(String(call.metadata.get('client'))) });
        return untilDraining(request$, call);
      }),
      age(10_000),
      { channelOptions: oneConnection },
    );
    const start = (of$: typeof client, name: string) =>
      shapes.map(shape => record(callOf(of$, shape, concat(of(note), NEVER), { metadata: { client: name } })));
    const older = start(client, 'older');
    await settled(() => inspect(server).calls.length);
    mock.timers.tick(5000);
    const younger = start(bench.connect(server, { channelOptions: oneConnection }), 'younger');
    expect(await settled(() => inspect(server).calls.length)).to.equal(2 * shapes.length);
    mock.timers.tick(3999); // the age is at least 9,000 ms
    expect(drained).to.deep.equal([]);
    mock.timers.tick(2001); // and at most 11,000 ms
    expect(drained).to.deep.equal(Array(shapes.length).fill('older'));
    await settled(() => inspect(server).calls.length);
    expect(inspect(server).calls.length, 'the calls of the other connection').to.equal(shapes.length);
    for (const [i, { ending }] of older.entries()) {
      const { error } = await ending;
      if (shapes[i] === 'serverStream' || shapes[i] === 'bidi') expect(error).to.equal(undefined);
    }
    mock.timers.tick(6000);
    expect(drained.slice(shapes.length)).to.deep.equal(Array(shapes.length).fill('younger'));
    for (const { subscription } of younger) subscription.unsubscribe();
  });

  it('notifies a call at once that starts on a connection which has reached its age', async () => {
    stopTime();
    let told = 0;
    const { client } = await bench.run(
      inAllShapes((request$, call) => {
        call.draining$.subscribe({ next: () => told++ });
        return untilDraining(request$, call);
      }),
      age(10_000),
      { channelOptions: oneConnection },
    );
    const first = record(client.bidi(concat(of(note), NEVER)));
    await first.received(1);
    const second = record(client.bidi(concat(of(note), NEVER)));
    mock.timers.tick(11_000); // before the client has sent the second call
    expect(await first.ending).to.deep.equal({});
    await settled(() => told);
    second.subscription.unsubscribe();
  });

  it('lets running calls finish, and moves new calls to a new connection', async () => {
    stopTime();
    const peers = new Set<string>();
    const { client } = await bench.run(
      inAllShapes((request$, call) => {
        peers.add(call.peer);
        return request$;
      }),
      age(10_000),
      { channelOptions: oneConnection },
    );
    const note$ = new Subject<Note>();
    const long = record(client.bidi(note$));
    note$.next(note);
    await long.received(1);
    mock.timers.tick(11_000);
    for (const shape of shapes) {
      const { ending, values } = record(callOf(client, shape, of(note)));
      expect(await ending).to.deep.equal({});
      expect(values).to.deep.equal([note]);
    }
    note$.next(note);
    await long.received(2);
    await settled(() => peers.size);
    for (const shape of shapes) expect(await errorOf(callOf(client, shape, of(note)))).to.equal(undefined);
    expect(peers.size).to.equal(2);
    note$.complete();
    expect(await long.ending).to.deep.equal({});
  });

  for (const [how, serverTls, scheme] of [
    ['plaintext', undefined, 'http'],
    ['TLS', tls, 'https'],
  ] as const) {
    it(`ends the remaining calls with UNAVAILABLE when the grace is over: ${how}`, async () => {
      stopTime();
      const started = deferred();
      let starts = 0;
      const handler = () => {
        if (++starts === shapes.length + 2) started.resolve();
        return NEVER;
      };
      const server = await serve(`${scheme}://127.0.0.1:0`, implement(Lab, inAllShapes(handler) as never), {
        ...age(10_000, 3000),
        tls: serverTls,
      });
      bench.onEnd(() => server.shutdown({ graceMs: 0 }));
      const client = connect(Lab, server.target.replace('127.0.0.1', 'localhost'), {
        channelOptions: oneConnection,
        ...(serverTls && { tls: { ca: serverTls.cert } }),
      });
      bench.onEnd(() => close(client));
      const errors = shapes.map(shape => errorOf(callOf(client, shape, NEVER)));
      for (const shape of ['unary', 'serverStream'] as const) errors.push(errorOf(client[shape](note)));
      await started.promise;
      mock.timers.tick(11_000);
      expect(await settled(() => inspect(server).calls.length)).to.be.at.least(shapes.length);
      mock.timers.tick(3000);
      expect(inspect(server).calls).to.deep.equal([]);
      for (const shape of ['clientStream', 'bidi'] as const) {
        expect(await errors[shapes.indexOf(shape)]).to.include({
          code: Code.UNAVAILABLE,
          details: 'the connection has reached its age (connectionAge)',
        });
      }
      mock.timers.reset();
    });
  }

  it('closes the connection of a caller that does not read its status', async () => {
    stopTime();
    let sent = 0;
    const { server } = await bench.run(
      {
        serverStream: () =>
          pull(function* () {
            for (let n = 0; ; n++, sent++) yield { n, text: 'x'.repeat(20_000) };
          }),
      },
      age(10_000, 3000),
    );
    const session = http2.connect(server.target);
    bench.onEnd(() => session.destroy());
    const headers = { ':method': 'POST', ':path': Lab.serverStream.path, 'content-type': 'application/grpc' };
    const stream = session.request(headers).on('error', () => {});
    stream.end(message(note));
    await once(stream, 'response');
    await settled(() => sent);
    const closed = once(session, 'close');
    mock.timers.tick(11_000);
    mock.timers.tick(3000);
    mock.timers.tick(100);
    await closed;
  });

  it('is invisible to a call with retry()', async () => {
    let starts = 0;
    const { client } = await bench.run({ serverStream: () => (++starts < 3 ? NEVER : of(note)) }, age(20, 10), {
      channelOptions: oneConnection,
      middleware: [retry({ maxAttempts: 5, initialBackoffMs: 1 })],
    });
    const { ending, values } = record(client.serverStream(note));
    expect(await ending).to.deep.equal({});
    expect(values).to.deep.equal([note]);
    expect(starts).to.equal(3);
  });

  it('fails no call of any shape while connections end one after another', async () => {
    stopTime();
    const CONNECTIONS = 12;
    const LANES = 8;
    const peers = new Set<string>();
    const handler = (request$: Observable<Note>, call: ServerCall) => {
      peers.add(call.peer);
      return request$;
    };
    const { client } = await bench.run(inAllShapes(handler), age(10_000));
    const large: Note = { n: 2, text: 'x'.repeat(20_000) };
    const ended: number[] = Array(LANES).fill(0);
    let onEnded = () => {};
    let isOver = false;
    let calls = 0;
    const runLane = async (lane: number) => {
      while (!isOver) {
        const shape = shapes[++calls % 4]!;
        const sent = calls % 3 === 0 ? large : note;
        const { ending, values }: Recording<Note> = record(callOf(client, shape, of(sent)));
        expect(await ending).to.deep.equal({});
        expect(values).to.deep.equal([sent]);
        ended[lane]!++;
        onEnded();
      }
    };
    const endConnections = async () => {
      for (let connection = 1; connection <= CONNECTIONS; connection++) {
        // A client repeats a refused call once, not twice (gRFC A6), so each lane's call on the last connection ends first.
        const before = [...ended];
        await new Promise<void>(resolve => {
          onEnded = () => {
            if (ended.every((count, lane) => count > before[lane]!)) resolve();
          };
        });
        // The running calls are at a different point each time.
        for (let turn = 0; turn < connection; turn++) await new Promise(setImmediate);
        mock.timers.tick(11_000);
      }
      isOver = true;
    };
    await Promise.all([endConnections(), ...ended.map((_, lane) => runLane(lane))]);
    expect(peers.size).to.be.at.least(CONNECTIONS);
  });

  it('ends calls of plain grpc-js services on the same server in the same way', async () => {
    stopTime();
    const bytes = (of: Buffer): Buffer => of;
    const definition: ServiceDefinition = {
      watch: {
        path: '/other.Other/Watch',
        requestStream: false,
        responseStream: true,
        requestSerialize: bytes,
        requestDeserialize: bytes,
        responseSerialize: bytes,
        responseDeserialize: bytes,
      },
    };
    const cancelled = deferred();
    const implementation: UntypedServiceImplementation = {
      watch: (call: any) => {
        call.write(Buffer.from('first'));
        call.on('cancelled', () => {
          cancelled.resolve();
          call.end();
        });
      },
    };
    const server = await serve('http://127.0.0.1:0', { definition, implementation }, age(10_000, 0));
    bench.onEnd(() => server.shutdown({ graceMs: 0 }));
    const client = new Client(`127.0.0.1:${server.port}`, credentials.createInsecure());
    bench.onEnd(() => client.close());
    const stream = client.makeServerStreamRequest('/other.Other/Watch', bytes, bytes, Buffer.alloc(0));
    const status = new Promise<any>(resolve => stream.on('error', () => {}).once('status', resolve));
    await new Promise(resolve => stream.once('data', resolve));
    mock.timers.tick(11_000);
    mock.timers.tick(1);
    expect(await status).to.include({ code: Code.UNAVAILABLE });
    await cancelled.promise;
    expect(inspect(server).calls).to.deep.equal([]);
  });

  it('closes a connection without calls, whatever its client answers', async () => {
    stopTime();
    const { server } = await bench.run({}, age(10_000));
    const socket = net.connect(server.port, '127.0.0.1');
    bench.onEnd(() => socket.destroy());
    socket.write(Buffer.concat([Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), frame(SETTINGS, 0, 0)]));
    await once(socket, 'data');
    await settled(() => socket.bytesRead);
    const ended = once(socket.resume(), 'end');
    mock.timers.tick(11_000);
    await ended;
  });

  it('has the same meaning as the grpc-js options for it', async () => {
    stopTime();
    const { client } = await bench.run(
      { bidi: request$ => request$ },
      { serverOptions: { 'grpc.max_connection_age_ms': 10_000, 'grpc.max_connection_age_grace_ms': 500 } },
    );
    const call = record(client.bidi(concat(of(note), NEVER)));
    await call.received(1);
    mock.timers.tick(11_000);
    mock.timers.tick(500);
    expect((await call.ending).error).to.include({ code: Code.UNAVAILABLE });
  });

  it('leaves no timer after a connection has ended', async () => {
    const { client, server } = await bench.run({ unary: request$ => request$ }, age(60_000, 60_000));
    const before = process.getActiveResourcesInfo().length;
    expect(await record(client.unary(note)).ending).to.deep.equal({});
    close(client);
    await server.shutdown();
    expect(process.getActiveResourcesInfo().length).to.be.at.most(before);
  });

  for (const [options, expected] of [
    [{ connectionAge: 5 }, 'serve: connectionAge: expected options to be a plain object, got number "5"'],
    [
      { connectionAge: {} },
      'serve: expected connectionAge.maxMs to be from 1 to 1952257860 milliseconds, got undefined',
    ],
    [
      { connectionAge: { maxMs: 0 } },
      'serve: expected connectionAge.maxMs to be from 1 to 1952257860 milliseconds, got number "0"',
    ],
    [{ connectionAge: { maxMs: 1952257861 } }, 'got number "1952257861"'],
    [
      { connectionAge: { maxMs: 1, graceMs: -1 } },
      'serve: expected connectionAge.graceMs to be 0 or more milliseconds, got number "-1"',
    ],
    [
      { connectionAge: { maxMs: 1, age: 1 } },
      'serve: connectionAge: there is no option "age"; there are maxMs, graceMs',
    ],
    [
      { connectionAge: { maxMs: 1 }, serverOptions: { 'grpc.max_connection_age_ms': 1 } },
      "serve: give connectionAge or 'grpc.max_connection_age_ms', not both",
    ],
    [
      { connectionAge: { maxMs: 1 }, serverOptions: { 'grpc.max_connection_age_grace_ms': 1 } },
      "serve: give connectionAge or 'grpc.max_connection_age_grace_ms', not both",
    ],
    [
      { serverOptions: { 'grpc.max_connection_age_ms': -1 } },
      "serve: expected 'grpc.max_connection_age_ms' to be from 1",
    ],
  ] as const) {
    it(`refuses ${JSON.stringify(options)}`, async () => {
      const error = await rejectionOf(serve('http://127.0.0.1:0', implement.partial(Lab, {}), options as never));
      expect(error.message).to.include(expected);
      expect(error).to.be.instanceOf(/plain object|no option|not both/.test(error.message) ? TypeError : RangeError);
    });
  }

  for (const connectionAge of [{ maxMs: 1 }, { maxMs: 1952257860, graceMs: 0 }, { maxMs: 1e6, graceMs: Infinity }]) {
    it(`accepts ${JSON.stringify(connectionAge)}`, async () => {
      const server = await serve('http://127.0.0.1:0', implement.partial(Lab, {}), { connectionAge });
      await server.shutdown();
    });
  }
});
