import { once } from 'node:events';
import net from 'node:net';
import { expect } from 'chai';
import { concat, ignoreElements, map, NEVER, of, range, Subject, takeUntil } from 'rxjs';
import { Code, inspect } from '../../lib/index.ts';
import { callOf, inAllShapes, useBench } from '../support/bench.ts';
import { deferred } from '../support/deferred.ts';
import { type Note, shapes } from '../support/lab.ts';
import { errorOf, record } from '../support/record.ts';

const note: Note = { n: 1 };

describe('shutdown, among many calls, clients and servers', () => {
  const bench = useBench();

  it('reports the calls that it ended, as they were before, and no others', async () => {
    const started = deferred();
    let starts = 0;
    const { client, server } = await bench.run({
      unary: request$ => request$,
      bidi: (request$, call) => {
        if (++starts === 2) started.resolve();
        return String(call.metadata.get('ends')) === 'well' ? request$.pipe(takeUntil(call.draining$)) : request$;
      },
      serverStream: () => range(0, 3).pipe(map(n => ({ n }))),
      clientStream: request$ => request$.pipe(ignoreElements()),
    });
    const before = Date.now();
    await record(client.unary(note)).ending;
    await record(client.serverStream(note)).ending;
    const endsWell = record(client.bidi(concat(of(note), NEVER), { metadata: { ends: 'well' } }));
    const echo = record(client.bidi(concat(of(note, note, note), NEVER)));
    await Promise.all([started.promise, echo.received(3), endsWell.received(1)]);
    const upload = record(client.clientStream(concat(range(0, 5).pipe(map(n => ({ n }))), NEVER)));
    while (inspect(server).calls.at(-1)?.received.messages !== 5) await new Promise(setImmediate);

    const { cut } = await server.shutdown({ graceMs: 20 });
    expect(await endsWell.ending).to.deep.equal({});
    for (const { ending } of [echo, upload]) {
      expect((await ending).error).to.include({ code: Code.UNAVAILABLE, details: 'the server is shutting down' });
    }
    expect(cut.map(({ path, shape, received, sent }) => [path, shape, received.messages, sent.messages])).to.deep.equal(
      [
        ['/lab.Lab/Bidi', 'bidi', 3, 3],
        ['/lab.Lab/ClientStream', 'clientStream', 5, 0],
      ],
    );
    for (const { startedAt } of cut) expect(startedAt.getTime()).to.be.within(before, Date.now());
    expect(inspect(server).calls).to.deep.equal([]);
  });

  it('leaves other servers of the process, and their clients, unaffected', async () => {
    const [one, other] = [await bench.run(inAllShapes(request$ => request$)), await bench.run(inAllShapes(r$ => r$))];
    const requests = new Subject<Note>();
    const echo = record(other.client.bidi(requests));
    requests.next(note);
    await echo.received(1);
    const stuck = net.connect(other.server.port, '127.0.0.1');
    bench.onEnd(() => stuck.destroy());
    await once(stuck, 'connect');
    const cut = errorOf(one.client.bidi(NEVER));
    await one.server.shutdown({ graceMs: 0 });
    expect(await cut).to.include({ code: Code.UNAVAILABLE });
    requests.next(note);
    await echo.received(2);
    expect(stuck.destroyed || stuck.readableEnded).to.equal(false);
    expect(inspect(other.server).calls).to.have.lengthOf(1);
    requests.complete();
    expect(await echo.ending).to.deep.equal({});
  });

  it('completes while clients connect and call: each call ends with OK or UNAVAILABLE', async () => {
    for (let round = 0; round < 5; round++) {
      const { server } = await bench.run(inAllShapes(request$ => request$));
      const errors: Promise<any>[] = [];
      let done: Promise<unknown> | undefined;
      for (let i = 0; i < 20; i++) {
        const client = bench.connect(server, { channelOptions: { 'grpc.use_local_subchannel_pool': 1 } });
        for (const shape of shapes) errors.push(errorOf(callOf(client, shape, of(note))));
        if (i === 10) done = server.shutdown();
        await new Promise(setImmediate);
      }
      for (const error of await Promise.all(errors)) {
        if (error !== undefined) expect(error).to.include({ code: Code.UNAVAILABLE });
      }
      expect(await done).to.deep.equal({ cut: [] });
    }
  });
});
