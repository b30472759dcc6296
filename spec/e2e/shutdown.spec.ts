import { once } from 'node:events';
import net from 'node:net';
import { expect } from 'chai';
import { map, NEVER, of, range, Subject, take } from 'rxjs';
import { Code, connect, implement, inspect, isRpcError, serve } from '../../lib/index.ts';
import { callOf, inAllShapes, useBench } from '../support/bench.ts';
import { deferred } from '../support/deferred.ts';
import { Lab, type Note, shapes } from '../support/lab.ts';
import { rawCall } from '../support/raw-call.ts';
import { errorOf, record, thrownBy } from '../support/record.ts';

const note: Note = { n: 1 };

describe('shutdown', () => {
  const bench = useBench();

  for (const channelz of [1, 0]) {
    const options = { serverOptions: { 'grpc.enable_channelz': channelz } };

    describe(channelz ? 'with channelz' : 'without channelz', () => {
      it('ends calls that outlive the grace with UNAVAILABLE, in all shapes, and their handlers get the cancellation', async () => {
        const told: unknown[] = [];
        const started = deferred();
        let calls = 0;
        const { client, server } = await bench.run(
          inAllShapes((request$, call) => {
            call.signal.addEventListener('abort', () => told.push(call.signal.reason));
            request$.subscribe({ error: error => told.push(error) });
            if (++calls === shapes.length) started.resolve();
            return NEVER;
          }),
          options,
        );
        const errors = shapes.map(shape => errorOf(callOf(client, shape, NEVER)));
        await started.promise;
        await server.shutdown({ graceMs: 20 });
        for (const error of await Promise.all(errors)) {
          expect(error).to.include({ code: Code.UNAVAILABLE, details: 'the server is shutting down' });
        }
        expect(told).to.have.lengthOf(2 * shapes.length);
        for (const error of told) expect(isRpcError(error, Code.UNAVAILABLE)).to.equal(true);
      });

      it('lets calls end by themselves within the grace, however long it is', async () => {
        const overflows: Error[] = [];
        const watch = (warning: Error) => {
          if (warning.name === 'TimeoutOverflowWarning') overflows.push(warning);
        };
        process.on('warning', watch);
        bench.onEnd(() => process.off('warning', watch));
        for (const graceMs of [10_000, 2 ** 31 - 50, 2 ** 32, Number.POSITIVE_INFINITY]) {
          const go = new Subject<Note>();
          const started = deferred();
          const { client, server } = await bench.run(
            inAllShapes(() => {
              started.resolve();
              return go.pipe(take(1));
            }),
            options,
          );
          const { values, ending } = record(client.unary(note));
          await started.promise;
          const done = server.shutdown({ graceMs });
          await new Promise(resolve => setImmediate(resolve));
          go.next({ n: 5 });
          expect([await ending, values]).to.deep.equal([{}, [{ n: 5 }]]);
          await done;
        }
        expect(overflows).to.deep.equal([]);
      });

      it('completes at once with idle connections, and with none', async () => {
        const { client, server } = await bench.run(
          inAllShapes(request$ => request$),
          options,
        );
        await record(client.unary(note)).ending;
        await record(client.bidi(of(note))).ending;
        await server.shutdown({ graceMs: Number.POSITIVE_INFINITY });
        const { server: unused } = await bench.run({}, options);
        await unused.shutdown({ graceMs: Number.POSITIVE_INFINITY });
      });

      it('completes although a reader does not read', async () => {
        const started = deferred();
        const { server } = await bench.run(
          inAllShapes(() => {
            started.resolve();
            return range(0, 1000).pipe(map(n => ({ n, text: 'x'.repeat(32_768) })));
          }),
          options,
        );
        const call = rawCall(server, '/lab.Lab/ServerStream');
        bench.onEnd(() => call.close());
        call.send(note);
        call.stream.end();
        await started.promise;
        await once(call.stream, 'response');
        const closed = new Promise(resolve => call.session.once('close', resolve));
        await server.shutdown({ graceMs: 20 });
        await closed;
      });

      it('completes although a peer neither reads nor closes', async () => {
        const sockets = () => process.getActiveResourcesInfo().filter(kind => kind === 'TCPSocketWrap');
        const before = sockets().length;
        const { server } = await bench.run({}, options);
        const socket = net.connect(server.port, '127.0.0.1');
        bench.onEnd(() => socket.destroy());
        await once(socket, 'connect');
        await server.shutdown({ graceMs: 20 });
        while (sockets().length > before + 1) await new Promise(setImmediate); // the peer's own socket remains
      });

      it('refuses new calls', async () => {
        const started = deferred();
        const { client, server } = await bench.run(
          inAllShapes(() => {
            started.resolve();
            return NEVER;
          }),
          options,
        );
        const running = errorOf(client.bidi(NEVER));
        await started.promise;
        const done = server.shutdown({ graceMs: 300 });
        const late = bench.connect(server);
        expect(await errorOf(late.unary(note))).to.include({ code: Code.UNAVAILABLE });
        expect(await running).to.include({ code: Code.UNAVAILABLE });
        await done;
        expect(await errorOf(client.unary(note))).to.include({ code: Code.UNAVAILABLE });
      });
    });
  }

  it('returns the same promise when called again, also through await using', async () => {
    const { server } = await bench.run({});
    const first = server.shutdown();
    expect(server.shutdown({ graceMs: 0 })).to.equal(first);
    expect(server[Symbol.asyncDispose]()).to.equal(first);
    await first;
  });

  it('is what await using runs after using has closed the client', async () => {
    const order: string[] = [];
    let call: Promise<any>;
    {
      await using server = await serve('http://127.0.0.1:0', implement.partial(Lab, { bidi: () => NEVER }));
      using client = connect(Lab, server.target);
      call = errorOf(client.bidi(NEVER)).finally(() => order.push('call'));
      while (inspect(server).calls.length === 0) await new Promise(setImmediate);
    }
    order.push('left');
    expect(await call).to.include({ code: Code.CANCELLED, details: 'the client was closed' });
    expect(order).to.deep.equal(['call', 'left']);
  });

  it('refuses invalid options at once, and works afterwards', async () => {
    const { server } = await bench.run({});
    for (const graceMs of [-1, Number.NaN, '5']) {
      expect(thrownBy(() => server.shutdown({ graceMs } as never))).to.be.an.instanceOf(RangeError);
    }
    expect(thrownBy(() => server.shutdown({ grace: 5 } as never)).message).to.match(/"grace".*graceMs/);
    await server.shutdown();
  });

  it('leaves nothing that keeps the process alive', async () => {
    const open = () => process.getActiveResourcesInfo().filter(kind => /^TCP|Timeout/.test(kind));
    await new Promise(resolve => setImmediate(resolve)); // mocha starts a timer of its own
    const before = open().length;
    const started = deferred();
    const { client, server } = await bench.run(
      inAllShapes(() => {
        started.resolve();
        return NEVER;
      }),
    );
    const running = errorOf(client.unary(note, { timeoutMs: 60_000 }));
    await started.promise;
    await server.shutdown({ graceMs: 0 });
    await running;
    client[Symbol.dispose]();
    for (let turn = 0; turn < 3000 && open().length > before; turn++)
      await new Promise(resolve => setImmediate(resolve));
    expect(open()).to.have.length(before);
  });
});
