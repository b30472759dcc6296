import { once } from 'node:events';
import net from 'node:net';
import { Client, credentials } from '@grpc/grpc-js';
import { expect } from 'chai';
import { defer, finalize, map, NEVER, type Observable, of, retry, tap } from 'rxjs';
import { Code, close, connect, inspect, isRpcError, pull, toAsyncIterable } from '../../lib/index.ts';
import { callOf, inAllShapes, type LabClient, useBench } from '../support/bench.ts';
import { deferred } from '../support/deferred.ts';
import { Lab, type Note, shapes } from '../support/lab.ts';
import { errorOf, record } from '../support/record.ts';
import { settled } from '../support/settled.ts';

const note: Note = { n: 1 };
const closed = { code: Code.CANCELLED, details: 'the client was closed' };

describe('close(client)', () => {
  const bench = useBench();

  const ways: Record<string, (client: LabClient) => unknown> = {
    close,
    using: client => {
      using disposable = client;
      void disposable;
    },
    'await using': async client => {
      await using disposable = client;
      void disposable;
    },
  };
  for (const [name, end] of Object.entries(ways)) {
    it(`ends its calls with CANCELLED at once, unsubscribes request$ and notifies the server; by ${name}`, async () => {
      const told: unknown[] = [];
      const started = deferred();
      const allTold = deferred();
      let starts = 0;
      const { client } = await bench.run(
        inAllShapes(request$ => {
          request$.subscribe({ error: error => told.push(error) === shapes.length && allTold.resolve() });
          if (++starts === shapes.length) started.resolve();
          return NEVER;
        }),
      );
      const log: string[] = [];
      for (const shape of shapes) {
        const request$ = NEVER.pipe(finalize(() => log.push(`request$ of ${shape}`)));
        callOf(client, shape, request$).subscribe({
          error: error => {
            expect(error).to.include({ ...closed, path: Lab[shape].path });
            log.push(shape);
          },
        });
      }
      await started.promise;
      void end(client);
      expect(log).to.have.members([...shapes, ...shapes.map(shape => `request$ of ${shape}`)]);
      expect(inspect(client).calls).to.deep.equal([]);
      await allTold.promise;
      for (const error of told) expect(isRpcError(error, Code.CANCELLED)).to.equal(true);
    });
  }

  it('ends calls that wait for a connection to open', async () => {
    const sockets: net.Socket[] = [];
    const silent = net.createServer(socket => sockets.push(socket.on('error', () => {})));
    silent.listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port } = silent.address() as net.AddressInfo;
    for (const waitForReady of [false, true]) {
      const client = connect(Lab, `http://127.0.0.1:${port}`);
      const errors = shapes.map(shape => errorOf(callOf(client, shape, of(note), { waitForReady, timeoutMs: 60_000 })));
      const [socket] = (await once(silent, 'connection')) as [net.Socket];
      await once(socket, 'data'); // HTTP/2 waits for an answer
      close(client);
      for (const error of await Promise.all(errors)) expect(error).to.include(closed);
    }
    // grpc-js continues to connect: see docs/lifecycle.md.
    const closing = once(silent.close(), 'close');
    for (const socket of sockets) socket.destroy();
    await closing;
  });

  it('ends calls in the turn in which they start', async () => {
    const { client, server } = await bench.run(inAllShapes(() => NEVER));
    const errors = shapes.map(shape => errorOf(callOf(client, shape, NEVER)));
    close(client);
    for (const error of await Promise.all(errors)) expect(error).to.include(closed);
    await settled(() => inspect(server).calls.length);
    expect(inspect(server).calls).to.deep.equal([]);
  });

  it('ends calls whose responses nobody reads, and calls whose requests nobody reads', async () => {
    const text = 'x'.repeat(16_384);
    let returned = 0;
    const endless = (): Observable<Note> =>
      pull(function* () {
        try {
          for (let n = 0; ; n++) yield { n, text };
        } finally {
          returned++;
        }
      });
    const { client, server } = await bench.run({ serverStream: endless, bidi: () => NEVER });
    const responses = toAsyncIterable(client.serverStream(note))[Symbol.asyncIterator]();
    await responses.next();
    let sent = 0;
    const upload = record(client.bidi(endless().pipe(tap(() => sent++))));
    await settled(() => sent);
    close(client);
    expect((await upload.ending).error).to.include(closed);
    let error: unknown;
    try {
      while (!(await responses.next()).done);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).to.include(closed);
    while (inspect(server).calls.length > 0) await new Promise(setImmediate);
    expect(returned).to.equal(2);
  });

  it('may be called by one of its own calls; new calls are then refused, and retries fail', async () => {
    const { client } = await bench.run(inAllShapes(request$ => request$));
    let attempts = 0;
    const own = errorOf(
      client.bidi(of(note, note)).pipe(
        map(value => {
          close(client);
          return value;
        }),
      ),
    );
    const other = errorOf(
      defer(() => {
        attempts++;
        return client.bidi(NEVER);
      }).pipe(retry(3)),
    );
    expect(await own).to.include(closed);
    expect(await other).to.include({ code: Code.CANCELLED, details: 'the client is closed' });
    expect(attempts).to.equal(4);
  });

  it('leaves calls of other clients over the same grpc-js Client running', async () => {
    const { server } = await bench.run(inAllShapes(request$ => request$));
    const grpc = new Client(`127.0.0.1:${server.port}`, credentials.createInsecure());
    bench.onEnd(() => grpc.close());
    const [one, other] = [connect(Lab, grpc), connect(Lab, grpc)];
    const ended = errorOf(one.bidi(NEVER));
    const { values, received, subscription } = record(other.bidi(of(note)));
    close(one);
    expect(await ended).to.include(closed);
    await received(1);
    expect(values).to.deep.equal([note]);
    subscription.unsubscribe();
  });
});
