import { Client, credentials } from '@grpc/grpc-js';
import { expect } from 'chai';
import { finalize, map, NEVER, type Observable, take, tap } from 'rxjs';
import { close, connect, implement, pull, serve, state$ } from '../../lib/index.ts';
import { callOf, inAllShapes, type LabClient, useBench } from '../support/bench.ts';
import { deferred } from '../support/deferred.ts';
import { Lab, type Note, shapes } from '../support/lab.ts';
import { Looks, storage } from '../support/looks.ts';
import { errorOf, record } from '../support/record.ts';

const note: Note = { n: 1 };
const text = 'x'.repeat(16_384);
const echo = inAllShapes(request$ => request$.pipe(take(1)));

describe('AsyncLocalStorage around a subscription to a client', () => {
  const bench = useBench();
  let looks: Looks;
  beforeEach(() => {
    looks = new Looks();
  });

  /** Runs with this store, or without a store when it is undefined. */
  const inside = <R>(store: unknown, work: () => R): R => (store === undefined ? work() : storage.run(store, work));

  /**
   * Runs calls of all shapes with various outcomes at the same time, every second one without a store, and checks every callback.
   */
  const callMany = async (client: LabClient, calls: number): Promise<void> => {
    const call = (_: unknown, i: number) => {
      const shape = shapes[(i >> 1) % 4]!;
      const store = i % 2 === 0 ? undefined : `store ${i}`;
      const look = (where: string) => () => looks.at(`${shape}, ${where}`, store);
      const options = {
        onHeaders: look('headers'),
        onTrailers: look('trailers'),
        timeoutMs: i % 7 === 3 ? 5 : undefined,
      };
      const request$ = pull(function* () {
        try {
          for (let n = 0; n < (Lab[shape].requestStream ? 20 : 1); n++) {
            look('generator')();
            yield { n, text };
          }
        } finally {
          look('finally')();
        }
      });
      return inside(store, () => {
        const response$ = callOf(client, shape, request$, options).pipe(
          tap({ next: look('next'), error: look('error'), complete: look('complete') }),
          take(i % 5 === 4 ? 3 : 1000),
          finalize(look('finalize')),
        );
        return record(response$).ending;
      });
    };
    await Promise.all(Array.from({ length: calls }, call));
    expect([...looks.wrong]).to.deep.equal([]);
    for (const shape of shapes) expect(looks.seen(`${shape}, finalize`), shape).to.be.at.least(calls / 4);
  };
  const all = inAllShapes((request$, { method }) => request$.pipe(take(method.responseStream ? 1000 : 1)));

  it('applies to all callbacks of a call, in all shapes, also when calls wait for one connection together', async () => {
    const { client } = await bench.run(all);
    await callMany(client, 80);
    await callMany(client, 80);
  });

  for (const opening of ['by a call', 'by state$'] as const) {
    it(`is not replaced by the context in which the connection was opened ${opening}`, async () => {
      const { client } = await bench.run(all);
      await storage.run('who connects', async () => {
        if (opening === 'by a call') await record(client.unary(note)).ending;
        else
          await new Promise<void>(ready => state$(client, { connect: true }).subscribe(s => s === 'READY' && ready()));
      });
      await callMany(client, 40);
    });
  }

  it('is not replaced by the context in which a grpc-js Client was connected, whether shared or to the same address', async () => {
    const { client, server } = await bench.run(all);
    const grpc = new Client(`127.0.0.1:${server.port}`, credentials.createInsecure());
    bench.onEnd(() => grpc.close());
    await storage.run('who connects', () => new Promise(ready => grpc.waitForReady(Number.POSITIVE_INFINITY, ready)));
    await callMany(client, 40);
    await callMany(connect(Lab, grpc), 40);
  });

  it('is preserved while the connection is lost, and afterwards', async () => {
    const first = await serve('http://127.0.0.1:0', implement.partial(Lab, all));
    const client = bench.connect(first);
    await callMany(client, 24);
    const during = callMany(client, 80);
    await first.shutdown({ graceMs: 0 });
    await during;
    for (let round = 0; round < 3; round++) {
      const next = await serve(first.target, implement.partial(Lab, all), {
        serverOptions: { 'grpc.max_connection_age_ms': 20, 'grpc.max_connection_age_grace_ms': 20 },
      });
      bench.onEnd(() => next.shutdown({ graceMs: 0 }));
      await callMany(client, 96);
      await next.shutdown({ graceMs: 0 });
    }
  });

  it('is preserved whoever ends the call', async () => {
    const endings: Record<string, (client: LabClient, stop: AbortController) => void> = {
      'the client is closed': client => close(client),
      'its signal aborts': (_client, stop) => stop.abort(),
    };
    for (const [name, end] of Object.entries(endings)) {
      const { client } = await bench.run(inAllShapes(() => NEVER));
      const stop = new AbortController();
      const ended = [undefined, 'own'].flatMap(store =>
        shapes.map(shape =>
          inside(store, () =>
            errorOf(
              callOf(client, shape, NEVER.pipe(finalize(() => looks.at(`${name}, request$`, store))), {
                signal: stop.signal,
              }).pipe(tap({ error: () => looks.at(name, store) })),
            ),
          ),
        ),
      );
      storage.run('who ends it', () => end(client, stop));
      await Promise.all(ended);
      expect([...looks.wrong]).to.deep.equal([]);
      expect([looks.seen(name), looks.seen(`${name}, request$`)]).to.deep.equal([8, 8]);
    }
  });

  it('applies to request$, although the server reads on behalf of another call', async () => {
    const go = deferred();
    const { client } = await bench.run({
      bidi: request$ =>
        (async function* () {
          await go.promise;
          yield* [note];
          await new Promise(resolve => request$.subscribe({ complete: () => resolve(undefined) }));
        })() as unknown as Observable<Note>,
    });
    const uploads = ['a', undefined, 'b'].map(store =>
      inside(store, () => {
        const request$ = pull(Array.from({ length: 300 }, () => ({ n: 0, text }))).pipe(
          map(value => {
            looks.at('request', store);
            return value;
          }),
        );
        return record(client.bidi(request$)).ending;
      }),
    );
    storage.run('who lets it go on', () => go.resolve());
    expect(await Promise.all(uploads)).to.deep.equal([{}, {}, {}]);
    expect([...looks.wrong]).to.deep.equal([]);
    expect(looks.seen('request')).to.equal(900);
  });

  it('applies to state$', async () => {
    const { client } = await bench.run(echo);
    const heard = [undefined, 'a', 'b'].map(store =>
      inside(store, () =>
        record(
          state$(client).pipe(tap({ next: () => looks.at('state', store), complete: () => looks.at('end', store) })),
        ),
      ),
    );
    await storage.run('who calls', () => record(client.unary(note)).ending);
    storage.run('who closes', () => close(client));
    for (const { ending, values } of heard) {
      await ending;
      expect(values).to.deep.equal(['IDLE', 'CONNECTING', 'READY', 'SHUTDOWN']);
    }
    expect([...looks.wrong]).to.deep.equal([]);
    expect(looks.seen('end')).to.equal(3);
  });
});
