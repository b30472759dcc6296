import { createServer } from 'node:net';
import { CallCredentials, Client, credentials, Metadata } from '@grpc/grpc-js';
import { expect } from 'chai';
import { filter, firstValueFrom, Observable, of, tap } from 'rxjs';
import {
  type CallOptions,
  type ClientMiddleware,
  Code,
  connect,
  forward,
  implement,
  serve,
  state$,
} from '../../lib/index.ts';
import { concatMap } from '../../lib/operators.ts';
import { callOf, inAllShapes, overEachTransport, useBench } from '../support/bench.ts';
import { Lab, type Note, shapes } from '../support/lab.ts';
import { rawServer } from '../support/raw-server.ts';
import { errorOf, record, thrownBy } from '../support/record.ts';

const note: Note = { n: 1 };

/** Invalid options, and the expected error message. */
const refused: readonly [options: unknown, message: RegExp][] = [
  [5, /got number 5; is it the index that RxJS passes/],
  ['x', /plain object, got string "x"/],
  [null, /plain object, got null/],
  [[], /plain object, got an object \(Array\)/],
  [new Metadata(), /plain object, got an object \(Metadata\)/],
  [{ timeout: 5 }, /there is no option "timeout"; there are metadata, deadline, timeoutMs/],
  [{ metadata: 'a: b' }, /metadata: expected a plain object or a Metadata of grpc-js, got string "a: b"/],
  [{ metadata: { 'a b': 'x' } }, /metadata: "a b"/],
  [{ metadata: { a: 5 } }, /metadata: "a"/],
  [{ metadata: { a: 'zeile\n' } }, /metadata: "a"/],
  [{ metadata: { 'a-bin': 'text' } }, /metadata: "a-bin"/],
  [{ metadata: { 'grpc-status': '0' } }, /metadata: "grpc-status" belongs to HTTP\/2 or gRPC/],
  [{ metadata: { a: 'x'.repeat(50_000) } }, /metadata: \d+ bytes are too many/],
  [{ deadline: 5 }, /deadline to be a valid Date, got number "5"/],
  [{ deadline: new Date(Number.NaN) }, /deadline to be a valid Date/],
  [{ timeoutMs: -1 }, /timeoutMs to be 0 or more milliseconds, got number "-1"/],
  [{ timeoutMs: Number.NaN }, /timeoutMs .* got number "NaN"/],
  [{ timeoutMs: '5' }, /timeoutMs .* got string "5"/],
  [{ signal: new AbortController() }, /signal to be an AbortSignal, got an object \(AbortController\)/],
  [{ signal: null }, /signal to be an AbortSignal, got null/],
  [{ parent: {} }, /parent to be the ServerCall of a handler, got an object \(Object\)/],
  [{ onHeaders: 5 }, /onHeaders to be a function, got number/],
  [{ onTrailers: {} }, /onTrailers to be a function, got an object/],
  [{ waitForReady: 1 }, /waitForReady to be true or false, got number/],
  [{ credentials: 'token' }, /credentials to be CallCredentials of grpc-js, got string "token"/],
  [{ compression: 'br' }, /compression to be one of identity, deflate, gzip, got string "br"/],
  [{ compression: 2 }, /compression to be one of .* got number/],
  [{ host: 5 }, /host to be a string, got number/],
  [{ prefetch: 15 }, /prefetch to be 16 or more/],
  [{ maxQueuedBytes: -1 }, /maxQueuedBytes to be 0 or more/],
  [{ stallTimeoutMs: 0 }, /stallTimeoutMs to be 1 or more/],
];

const accepted: readonly CallOptions[] = [
  {},
  Object.assign(Object.create(null), { timeoutMs: 60_000 }),
  { timeoutMs: Number.POSITIVE_INFINITY, waitForReady: false },
  { metadata: new Metadata(), deadline: new Date(8.64e15), signal: new AbortController().signal },
  { parent: undefined, credentials: undefined, compression: undefined, host: undefined, signal: undefined },
  { compression: 'identity', prefetch: 16, maxQueuedBytes: 0, stallTimeoutMs: 60_000 },
];

overEachTransport('The options of a call', bench => {
  it('are refused when the call is made: the error names the method, the option and the value', async () => {
    const { client } = await bench.run(inAllShapes(request$ => request$));
    for (const shape of shapes) {
      for (const [options, message] of refused) {
        const error = thrownBy(() => callOf(client, shape, of(note), options as CallOptions));
        expect([TypeError, RangeError], String(error)).to.include(error.constructor);
        expect(error.message).to.match(message);
        if (!error.message.startsWith('metadata')) expect(error.message).to.match(new RegExp(`^${shape}: `));
      }
    }
  });

  it('are accepted in all shapes', async () => {
    const { client } = await bench.run(inAllShapes(request$ => request$));
    for (const shape of shapes) {
      for (const options of accepted)
        expect(await record(callOf(client, shape, of(note), options)).ending).to.deep.equal({});
    }
  });

  it('are validated again after middleware changed them', async () => {
    let changed: unknown;
    const change: ClientMiddleware = rpc => (request$, options) =>
      rpc(request$, changed === undefined ? (undefined as never) : { ...options, ...(changed as object) });
    const { client } = await bench.run(
      inAllShapes(request$ => request$),
      {},
      { middleware: [change] },
    );
    for (const shape of shapes) {
      for (const [options, message] of refused.filter(
        ([one]) => typeof one === 'object' && one?.constructor === Object,
      )) {
        changed = options;
        const call$ = callOf(client, shape, of(note));
        const error = await errorOf(call$);
        expect([TypeError, RangeError], String(error)).to.include(error.constructor);
        expect(error.message).to.match(message);
      }
      changed = undefined;
      expect((await errorOf(callOf(client, shape, of(note)))).message).to.match(
        /options to be a plain object, got undefined/,
      );
    }
  });

  for (const shape of shapes) {
    it(`metadata: texts, lists and bytes reach the handler as they were at subscription: ${shape}`, async () => {
      const seen: Metadata[] = [];
      const { client } = await bench.run(
        inAllShapes((request$, call) => {
          seen.push(call.metadata);
          return request$;
        }),
      );
      const given = new Metadata();
      given.set('a', 'before');
      const call$ = callOf(client, shape, of(note), { metadata: given });
      given.set('a', 'at the subscription');
      await record(call$).ending;
      expect(given.getMap()).to.deep.equal({ a: 'at the subscription' });
      const plain = {
        a: 'x',
        list: ['y', 'z'],
        'b-bin': new Uint8Array([0, 255]),
        'c-bin': [Buffer.from('1'), Buffer.from('2')],
      };
      await record(callOf(client, shape, of(note), { metadata: plain })).ending;
      expect(seen[0]!.get('a')).to.deep.equal(['at the subscription']);
      expect(seen[1]!.get('a')).to.deep.equal(['x']);
      expect(seen[1]!.get('list').join(', ')).to.equal('y, z');
      expect(seen[1]!.get('b-bin')).to.deep.equal([Buffer.from([0, 255])]);
      expect(seen[1]!.get('c-bin')).to.deep.equal([Buffer.from('1'), Buffer.from('2')]);
    });

    it(`onHeaders and onTrailers: called once each, before and after the responses: ${shape}`, async () => {
      const { client } = await bench.run(
        inAllShapes((request$, call) => {
          call.sendHeaders({ h: 'head' });
          call.trailers.set('t', 'trail');
          return request$;
        }),
      );
      const told: unknown[] = [];
      const options: CallOptions = {
        onHeaders: headers => told.push(['headers', headers.get('h')]),
        onTrailers: trailers => told.push(['trailers', trailers.get('t')]),
      };
      const response$ = callOf(client, shape, of(note), options);
      await record(response$.pipe(tap({ next: ({ n }) => told.push(n), complete: () => told.push('complete') })))
        .ending;
      const [headers, trailers] = [
        ['headers', ['head']],
        ['trailers', ['trail']],
      ];
      // A single response is delivered only when the status is known.
      const between = Lab[shape].responseStream ? [1, trailers] : [trailers, 1];
      expect(told).to.deep.equal([headers, ...between, 'complete']);
    });
  }

  it('onTrailers is called once when it ends the stream that the next step waits for', async () => {
    const { client } = await bench.run({ serverStream: request$ => request$ });
    let told = 0;
    let endWork: (() => void) | undefined;
    const work = () =>
      new Observable<never>(output => {
        endWork = () => output.complete();
      });
    const onTrailers = () => {
      told++;
      endWork!();
    };
    const { ending } = record(client.serverStream(note, { onTrailers }).pipe(concatMap(work)));
    await ending;
    expect(told).to.equal(1);
  });

  it('onHeaders or onTrailers that throws ends the call with its error', async () => {
    const { client } = await bench.run(inAllShapes(request$ => request$));
    const failure = new Error('mine');
    const fail = () => {
      throw failure;
    };
    for (const shape of shapes) {
      for (const options of [{ onHeaders: fail }, { onTrailers: fail }]) {
        expect(await errorOf(callOf(client, shape, of(note), options))).to.equal(failure);
      }
    }
  });

  it("deadline, timeoutMs and the parent's limits: the earliest of the three applies", async () => {
    const ahead: number[] = [];
    const far = await bench.run(
      inAllShapes((request$, call) => {
        ahead.push(call.deadline!.getTime() - Date.now());
        return request$;
      }),
    );
    const near = await bench.run(
      inAllShapes((request$, call) => {
        const [timeoutMs, deadlineMs] = String(call.metadata.get('own')[0]).split(' ').map(Number) as [number, number];
        const own = { timeoutMs, deadline: new Date(Date.now() + deadlineMs) };
        return far.client.bidi(request$, { ...forward(call, []), ...own });
      }),
    );
    for (const [parentMs, timeoutMs, deadlineMs] of [
      [20_000, 40_000, 60_000],
      [40_000, 20_000, 60_000],
      [60_000, 40_000, 20_000],
    ]) {
      const metadata = { own: `${timeoutMs} ${deadlineMs}` };
      await record(near.client.bidi(of(note), { timeoutMs: parentMs, metadata })).ending;
      expect(ahead.pop()).to.be.within(10_000, 20_001);
    }
  });
});

describe('The options of a call, on the wire', () => {
  const bench = useBench();

  for (const shape of shapes) {
    it(`host: the server receives it as :authority: ${shape}`, async () => {
      const server = await rawServer();
      bench.onEnd(() => server.close());
      const client = connect(Lab, server.target);
      bench.onEnd(() => client[Symbol.dispose]());
      await record(callOf(client, shape, of(note))).ending;
      await record(callOf(client, shape, of(note), { host: 'users.example:8443' })).ending;
      const authorities = server.requests.map(({ headers }) => headers[':authority']);
      expect(authorities).to.deep.equal([`127.0.0.1:${server.port}`, 'users.example:8443']);
    });

    it(`waitForReady: a call waits for a server that starts later; without the option it fails: ${shape}`, async () => {
      const port = await freePort();
      const client = connect(Lab, `http://127.0.0.1:${port}`, { channelOptions: impatient });
      bench.onEnd(() => client[Symbol.dispose]());
      expect(await errorOf(callOf(client, shape, of(note)))).to.include({ code: Code.UNAVAILABLE });
      const waiting = record(callOf(client, shape, of(note), { waitForReady: true }));
      await firstValueFrom(state$(client).pipe(filter(state => state === 'TRANSIENT_FAILURE')));
      expect(await errorOf(callOf(client, shape, of(note), { waitForReady: false }))).to.include({
        code: Code.UNAVAILABLE,
      });
      const server = await serve(
        `http://127.0.0.1:${port}`,
        implement.partial(
          Lab,
          inAllShapes(request$ => request$),
        ),
      );
      bench.onEnd(() => server.shutdown({ graceMs: 0 }));
      expect(await waiting.ending).to.deep.equal({});
      expect(waiting.values).to.deep.equal([note]);
    });
  }

  it('waitForReady: may come from the options of a Metadata; the call option takes precedence', async () => {
    const client = connect(Lab, `http://127.0.0.1:${await freePort()}`, { channelOptions: impatient });
    bench.onEnd(() => client[Symbol.dispose]());
    const metadata = new Metadata({ waitForReady: true });
    expect(await errorOf(client.unary(note, { metadata, timeoutMs: 100 }))).to.include({
      code: Code.DEADLINE_EXCEEDED,
    });
    expect(await errorOf(client.unary(note, { metadata, waitForReady: false }))).to.include({ code: Code.UNAVAILABLE });
    expect(metadata.getOptions()).to.deep.equal({ waitForReady: true });
  });

  it('parent: forward() refuses invalid key lists at once', async () => {
    const errors: unknown[] = [];
    const { client } = await bench.run(
      inAllShapes((request$, call) => {
        for (const keys of ['x-id', undefined, [5], [undefined]])
          errors.push(thrownBy(() => forward(call, keys as never)));
        return request$;
      }),
    );
    await record(client.unary(note)).ending;
    expect(errors.map(String)).to.deep.equal([
      'TypeError: forward: expected a list of keys, got string "x-id"',
      'TypeError: forward: expected a list of keys, got undefined',
      'TypeError: forward: expected keys to be texts, got number "5"',
      'TypeError: forward: expected keys to be texts, got undefined',
    ]);
  });

  it('credentials: are refused when they are invalid, whatever other properties they have', () => {
    const client = connect(Lab, 'http://127.0.0.1:1');
    for (const none of [{}, () => {}, CallCredentials]) {
      const options = { credentials: none } as never;
      expect(thrownBy(() => client.unary(note, options)).message).to.match(/CallCredentials/);
    }
  });
});

describe('The options of a client over a grpc-js Client or Channel', () => {
  it('are refused when they configure a connection that already exists', () => {
    const grpc = new Client('127.0.0.1:1', credentials.createInsecure());
    for (const target of [grpc, grpc.getChannel()]) {
      for (const [name, value] of Object.entries({
        tls: {},
        credentials: credentials.createInsecure(),
        channelOptions: {},
        compression: 'gzip',
      })) {
        const message = new RegExp(`connect: ${name} is for a connection that connect\\(\\) makes`);
        expect(() => connect(Lab, target, { [name]: value })).to.throw(TypeError, message);
      }
      connect(Lab, target, { tls: undefined, middleware: [], prefetch: 20 });
    }
    grpc.close();
  });
});

const impatient = {
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.min_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': 100,
};

/** A port without a listener. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise(resolve => server.close(resolve));
  return port;
}
