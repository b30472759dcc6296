import { expect } from 'chai';
import {
  defer,
  delay,
  EMPTY,
  finalize,
  from,
  map,
  mergeMap,
  NEVER,
  Observable,
  of,
  range,
  concatMap as rxConcatMap,
  tap,
  throwError,
  timer,
} from 'rxjs';
import {
  type ClientMiddleware,
  Code,
  close,
  connect,
  implement,
  loopback,
  type Middleware,
  pull,
  RpcError,
  type ServerMiddleware,
  serve,
} from '../../lib/index.ts';
import { concatMap } from '../../lib/operators.ts';
import { callOf, inAllShapes, overEachTransport, useBench } from '../support/bench.ts';
import { deferred } from '../support/deferred.ts';
import { Lab, type Note, shapes } from '../support/lab.ts';
import { errorOf, record } from '../support/record.ts';
import { settled } from '../support/settled.ts';

const note: Note = { n: 1 };

const streamsOf = (shape: (typeof shapes)[number]): number =>
  Lab[shape].requestStream && Lab[shape].responseStream ? 3 : 1;

overEachTransport('Middleware', bench => {
  const notes: string[] = [];
  const noting =
    (name: string): Middleware =>
    rpc =>
    (request$, call) => {
      notes.push(name);
      return rpc(request$.pipe(tap({ complete: () => notes.push(`${name} requests`) })), call).pipe(
        tap({ complete: () => notes.push(`${name} responses`) }),
      );
    };
  beforeEach(() => notes.splice(0));

  for (const shape of shapes) {
    it(`runs in order: client, server, service, then method, each list in its order: ${shape}`, async () => {
      const { client } = await bench.run(
        inAllShapes(request$ => {
          notes.push('handler');
          return request$;
        }),
        {
          middleware: [noting('server 1'), noting('server 2')],
          service: { middleware: [noting('service 1'), { [shape]: noting('service 2') }, noting('service 3')] },
        },
        { middleware: [noting('client 1'), { [shape]: noting('client 2') }, noting('client 3')] },
      );
      expect(await record(callOf(client, shape, of(note))).ending).to.deep.equal({});
      const sides = [
        ['client 1', 'client 2', 'client 3'],
        ['server 1', 'server 2', 'service 1', 'service 2', 'service 3'],
      ];
      const started = notes.filter(one => !one.includes(' re'));
      expect(started).to.deep.equal([...sides.flat(), 'handler']);
      const ended = notes.filter(one => one.endsWith('responses')).map(one => one.replace(' responses', ''));
      expect(ended).to.deep.equal([...sides[1]!.toReversed(), ...sides[0]!.toReversed()]);
      const sent = notes.filter(one => one.endsWith('requests')).map(one => one.replace(' requests', ''));
      expect(sent).to.deep.equal(sides.flat());
      notes.splice(0);
      const other = shapes[(shapes.indexOf(shape) + 1) % 4]!;
      await record(callOf(client, other, of(note))).ending;
      expect(notes.filter(one => /^\w+ 2$/.test(one))).to.deep.equal(['server 2']);
    });

    it(`runs once per subscription, and not before: ${shape}`, async () => {
      let methods = 0;
      let calls = 0;
      const counting: ClientMiddleware = rpc => {
        methods++;
        return (request$, options) => {
          calls++;
          return rpc(request$, options);
        };
      };
      const { client } = await bench.run(
        inAllShapes(request$ => request$),
        {},
        { middleware: [counting] },
      );
      expect([methods, calls]).to.deep.equal([4, 0]);
      const call$ = callOf(client, shape, of(note));
      expect(await settled(() => calls)).to.equal(0);
      for (let n = 1; n <= 2; n++) {
        await record(call$).ending;
        expect([methods, calls]).to.deep.equal([4, n]);
      }
    });

    it(`may answer instead of the call, which is then not made, and its requests are not read: ${shape}`, async () => {
      let handled = 0;
      const implementation = inAllShapes(request$ => {
        handled++;
        return request$;
      });
      const answer = () => () => of({ n: 42 });
      for (const [server, client] of [
        [[answer], []],
        [[], [answer]],
      ]) {
        const running = await bench.run(implementation, { middleware: server! }, { middleware: client! });
        let subscribed = 0;
        const request$ = new Observable<Note>(() => void subscribed++);
        const { values, ending } = record(callOf(running.client, shape, request$));
        expect([await ending, values, handled]).to.deep.equal([{}, [{ n: 42 }], 0]);
        expect(subscribed).to.equal(client!.length === 0 ? 1 : 0);
      }
    });

    it(`may change requests and responses, and sees single messages as Observables: ${shape}`, async () => {
      const add =
        (digit: number): Middleware =>
        rpc =>
        (request$, call) =>
          rpc(request$.pipe(map(({ n }) => ({ n: n * 10 + digit }))), call).pipe(
            map(({ n, text }) => ({ n, text: `${text ?? ''}${digit}` })),
          );
      const { client } = await bench.run(
        inAllShapes(request$ => request$),
        { middleware: [add(3)], service: { middleware: [add(4)] } },
        { middleware: [add(1), add(2)] },
      );
      const request = Lab[shape].requestStream ? of(note) : note;
      const { values, ending } = record(callOf(client, shape, request as Observable<Note>));
      expect(await ending).to.deep.equal({});
      expect(values).to.deep.equal([{ n: 11234, text: '4321' }]);
    });

    it(`may delay the call with a timer or a promise, without loss or reordering: ${shape}`, async () => {
      const count = streamsOf(shape) === 1 ? 1 : 200;
      const waits: Middleware[] = [
        rpc => (request$, call) => timer(2).pipe(mergeMap(() => rpc(request$, call))),
        rpc => (request$, call) => from(Promise.resolve()).pipe(rxConcatMap(() => rpc(request$, call))),
        rpc => (request$, call) => rpc(request$, call).pipe(delay(2)),
        rpc => (request$, call) => rpc(request$.pipe(concatMap(async one => one)), call),
        rpc => (request$, call) => defer(async () => call).pipe(mergeMap(same => rpc(request$, same))),
      ];
      for (const wait of waits) {
        for (const [server, client] of [
          [[wait], []],
          [[], [wait]],
          [[wait], [wait]],
        ]) {
          const running = await bench.run(
            inAllShapes(request$ => request$),
            { middleware: server! },
            { middleware: client! },
          );
          const { values, ending } = record(callOf(running.client, shape, range(0, count).pipe(map(n => ({ n })))));
          expect(await ending).to.deep.equal({});
          expect(values.map(({ n }) => n)).to.deep.equal(Array.from({ length: count }, (_, n) => n));
        }
      }
    });

    it(`is torn down with the call, on both sides: ${shape}`, async () => {
      const down: string[] = [];
      const all = deferred();
      const started = deferred();
      const watch =
        (name: string): Middleware =>
        rpc =>
        (request$, call) =>
          rpc(request$, call).pipe(
            finalize(() => {
              down.push(name);
              if (down.length === 2) all.resolve();
            }),
          );
      const { client, hidden } = await bench.run(
        inAllShapes(() => {
          started.resolve();
          return NEVER;
        }),
        { middleware: [watch('server')] },
        { middleware: [watch('client')] },
      );
      const { subscription } = record(callOf(client, shape, of(note)));
      await started.promise;
      subscription.unsubscribe();
      await all.promise;
      expect(down).to.deep.equal(['client', 'server']);
      expect(hidden).to.deep.equal([]);
    });

    it(`that throws or errors fails the call: its own RpcError is shown, any other error is hidden: ${shape}`, async () => {
      const fails = (error: unknown): Middleware[] => [
        () => () => throwError(() => error),
        () => () => {
          throw error;
        },
        rpc => (request$, call) =>
          rpc(request$, call).pipe(
            tap(() => {
              throw error;
            }),
          ),
      ];
      const secret = new Error('secret');
      const known = new RpcError(Code.PERMISSION_DENIED, 'not you', { metadata: { why: 'x' } });
      const echo = inAllShapes(request$ => request$);
      for (const middleware of fails(secret)) {
        const { client, hidden } = await bench.run(echo, { middleware: [middleware] });
        const error = await errorOf(callOf(client, shape, of(note)));
        expect(error).to.include({ code: Code.UNKNOWN });
        expect(JSON.stringify([error.message, error.metadata])).to.not.include('secret');
        expect(hidden).to.deep.equal([secret]);
        const own = await bench.run(echo, {}, { middleware: [middleware] });
        expect(await errorOf(callOf(own.client, shape, of(note)))).to.equal(secret);
      }
      for (const middleware of fails(known)) {
        const { client, hidden } = await bench.run(echo, { service: { middleware: [middleware] } });
        const error = await errorOf(callOf(client, shape, of(note)));
        expect(error).to.include({ code: Code.PERMISSION_DENIED, details: 'not you' });
        expect(error.metadata.get('why')).to.deep.equal(['x']);
        expect(hidden).to.deep.equal([]);
      }
    });

    it(`that returns no Observable, or passes on an invalid argument, gets an error that names what was expected: ${shape}`, async () => {
      for (const [middleware, message] of [
        [() => () => undefined, /expected middleware to return an Observable of responses, got undefined/],
        [() => async () => note, /to return an Observable of responses, got an object \(Promise\)/],
        [
          (rpc: any) => (_: unknown, call: unknown) => rpc(note, call),
          /pass on an Observable of requests, got an object/,
        ],
      ] as const) {
        const echo = inAllShapes(request$ => request$);
        const { client, hidden } = await bench.run(echo, { middleware: [middleware as unknown as ServerMiddleware] });
        expect(await errorOf(callOf(client, shape, of(note)))).to.include({ code: Code.UNKNOWN });
        const own = await bench.run(echo, {}, { middleware: [middleware as unknown as ClientMiddleware] });
        for (const error of [hidden[0] as Error, await errorOf(callOf(own.client, shape, of(note)))]) {
          expect(error).to.be.instanceOf(TypeError);
          expect(error.message).to.match(message).and.to.include(Lab[shape].path);
        }
      }
    });
  }

  it('on a server that drops or replaces the call gets an error; invalid options from client middleware are named', async () => {
    const echo = inAllShapes(request$ => request$);
    for (const [pass, got] of [
      [() => undefined, /got undefined$/],
      [(call: object) => ({ ...call, timeoutMs: 5 }), /got an object \(Object\)$/],
    ] as const) {
      const losing = (rpc: any) => (request$: unknown, call: object) => rpc(request$, pass(call));
      const { client, hidden } = await bench.run(echo, { middleware: [losing] });
      await errorOf(client.unary(note));
      expect(hidden[0]).to.be.instanceOf(TypeError);
      const { message } = hidden[0] as Error;
      expect(message)
        .to.match(/^expected middleware of a server to pass on the call/)
        .and.to.match(got);
    }
    const losing = (rpc: any) => (request$: unknown) => rpc(request$);
    const { client } = await bench.run(echo, {}, { middleware: [losing] });
    expect((await errorOf(client.unary(note))).message).to.match(/unary: expected options to be a plain object/);
  });

  it('may give only one response where the shape has one, on both sides', async () => {
    for (const [extra, code] of [
      [of({ n: 1 }, { n: 2 }), Code.UNIMPLEMENTED],
      [EMPTY, Code.UNIMPLEMENTED],
    ] as const) {
      const { client } = await bench.run({ unary: request$ => request$ }, { middleware: [() => () => extra] });
      expect(await errorOf(client.unary(note))).to.include({ code });
    }
    const doubled: Middleware = rpc => (request$, call) => rpc(request$.pipe(mergeMap(one => [one, one])), call);
    const { client } = await bench.run({ unary: request$ => request$ }, {}, { middleware: [doubled] });
    expect(await errorOf(client.unary(note))).to.include({
      code: Code.UNIMPLEMENTED,
      details: 'expected one request, request$ had a second one',
    });
  });

  it('preserves backpressure: a full reader stops the producer, in both directions', async () => {
    const same: Middleware = rpc => (request$, call) =>
      rpc(request$.pipe(map(one => one)), call).pipe(tap({ complete: () => {} }));
    let uploaded = 0;
    const go = deferred();
    const { client } = await bench.run(
      { bidi: request$ => request$.pipe(concatMap(one => go.promise.then(() => one))) },
      { middleware: [same], service: { middleware: [{ bidi: same }] } },
      { middleware: [same, same] },
    );
    const request$ = pull(
      (function* () {
        for (;;) yield { n: uploaded++, text: 'x'.repeat(32_768) };
      })(),
    );
    const stop = deferred();
    const { values, subscription, received } = record(
      client.bidi(request$).pipe(concatMap(one => (one.n < 100 ? of(one) : stop.promise.then(() => one)))),
    );
    expect(await settled(() => uploaded)).to.be.lessThan(200);
    go.resolve();
    await received(100);
    expect(await settled(() => uploaded)).to.be.lessThan(500);
    stop.resolve();
    await received(600);
    expect(values.map(({ n }) => n).slice(0, 600)).to.deep.equal(Array.from({ length: 600 }, (_, n) => n));
    subscription.unsubscribe();
  });
});

describe('Middleware around a proxy', () => {
  const bench = useBench();
  const same: Middleware = rpc => (request$, call) => rpc(request$, call);
  const failing = () => throwError(() => new RpcError(Code.NOT_FOUND, 'behind'));

  for (const shape of shapes) {
    it(`still yields a proxy, on the client and on the server: ${shape}`, async () => {
      const behind = await bench.run(inAllShapes(failing), {}, { middleware: [same] });
      const service = implement(Lab, behind.client, { middleware: [same] });
      const front = loopback(service, { server: { middleware: [same] } });
      expect(await errorOf(callOf(front, shape, of(note)))).to.include({ code: Code.NOT_FOUND, details: 'behind' });
      close(front);
    });
  }

  it('hides the error of a call to another server that the middleware makes', async () => {
    const behind = await bench.run(inAllShapes(request$ => request$));
    const asked = await bench.run(inAllShapes(failing));
    const ask: ServerMiddleware = rpc => (request$, call) =>
      asked.client.unary(note, call).pipe(mergeMap(() => rpc(request$, call)));
    const hidden: unknown[] = [];
    const server = await serve('http://127.0.0.1:0', implement(Lab, behind.client, { middleware: [ask] }), {
      onError: error => hidden.push(error),
    });
    bench.onEnd(() => server.shutdown({ graceMs: 0 }));
    const front = connect(Lab, server.target);
    bench.onEnd(() => close(front));
    const error = await errorOf(front.unary(note));
    expect(error).to.include({ code: Code.UNKNOWN, details: 'unknown error' });
    expect(hidden[0]).to.include({ code: Code.NOT_FOUND });
  });
});

describe('Middleware of a service', () => {
  const bench = useBench();

  it('is applied once to its methods, however many servers serve it; server middleware once per server', async () => {
    const put: string[] = [];
    const counting =
      (name: string): Middleware =>
      (rpc, { path }) => {
        put.push(`${name} ${path.split('/').pop()}`);
        return rpc;
      };
    const service = implement.partial(Lab, { unary: request$ => request$ }, { middleware: [counting('service')] });
    expect(put.splice(0)).to.deep.equal(['service Unary']);
    for (let i = 0; i < 2; i++) {
      const server = await serve('http://127.0.0.1:0', service, { middleware: [counting('server')] });
      bench.onEnd(() => server.shutdown({ graceMs: 0 }));
    }
    close(loopback(service, { server: { middleware: [counting('loopback')] } }));
    expect(put).to.deep.equal(['server Unary', 'server Unary', 'loopback Unary']);
  });
});
