import { expect } from 'chai';
import { finalize, map, NEVER, of, type Subscription, takeUntil, tap, throwError } from 'rxjs';
import { close, pull, type Server, toAsyncIterable } from '../../lib/index.ts';
import { callOf, inAllShapes, type LabClient, useBench } from '../support/bench.ts';
import { deferred } from '../support/deferred.ts';
import { type Note, shapes } from '../support/lab.ts';
import { idOf, Looks, storage, withStore } from '../support/looks.ts';
import { rawCall } from '../support/raw-call.ts';
import { errorOf, record } from '../support/record.ts';

const note: Note = { n: 1 };
const CALLS = shapes.length;

describe('AsyncLocalStorage around a handler, at the end of its call', () => {
  const bench = useBench();
  let looks: Looks;
  beforeEach(() => {
    looks = new Looks();
  });

  interface Calls {
    readonly client: LabClient;
    readonly server: Server;
    readonly subscriptions: Subscription[];
  }

  /** Each party that ends calls has a store of its own, which no handler may see. */
  const endings: Record<string, (calls: Calls) => unknown> = {
    'its caller cancels': ({ subscriptions }) => {
      for (const subscription of subscriptions) subscription.unsubscribe();
    },
    'its connection is lost': ({ client }) => close(client),
    'the server cuts it off': ({ server }) => void server.shutdown({ graceMs: 0 }),
    'its deadline passes': () => {},
  };
  for (const [name, end] of Object.entries(endings)) {
    it(`applies to every notification when ${name}`, async () => {
      const started = deferred();
      const ended = deferred();
      let starts = 0;
      let ends = 0;
      const { client, server } = await bench.run(
        inAllShapes((request$, call) => {
          const id = idOf(call);
          const look = (where: string) => () => looks.at(where, id);
          storage.run(`${id}, nested`, () => {
            call.cancelled$.subscribe(() => looks.at('cancelled$', id));
            call.signal.addEventListener('abort', look('abort'));
          });
          request$.subscribe({ error: look('error of request$') });
          if (++starts === CALLS) started.resolve();
          return NEVER.pipe(
            finalize(() => {
              look('finalize')();
              if (++ends === CALLS) ended.resolve();
            }),
          );
        }),
        { middleware: [withStore] },
      );
      const timeoutMs = name.includes('deadline') ? 500 : undefined;
      const subscriptions = shapes.map(
        (shape, id) => record(callOf(client, shape, NEVER, { metadata: { id: `${id}` }, timeoutMs })).subscription,
      );
      await started.promise;
      storage.run('who ends it', () => end({ client, server, subscriptions }));
      await ended.promise;
      expect([...looks.wrong]).to.deep.equal([]);
      for (const where of ['cancelled$', 'abort', 'error of request$', 'finalize']) {
        expect(looks.seen(where), where).to.equal(CALLS);
      }
    });
  }

  it('applies to the finally blocks of generators whose caller has gone', async () => {
    const ended = deferred();
    let ends = 0;
    const { client } = await bench.run(
      {
        bidi: (_request$, call) =>
          (function* () {
            try {
              for (let n = 0; ; n++) yield { n, text: 'x'.repeat(16_384) };
            } finally {
              looks.at('finally', idOf(call));
              if (++ends === 4) ended.resolve();
            }
          })(),
      },
      { middleware: [withStore] },
    );
    for (let id = 0; id < 4; id++) {
      for await (const _ of toAsyncIterable(client.bidi(NEVER, { metadata: { id: `${id}` } }))) break;
    }
    await ended.promise;
    expect([...looks.wrong]).to.deep.equal([]);
  });

  it('applies to what draining$ ends, though the shutdown runs in another context', async () => {
    const started = deferred();
    let starts = 0;
    const { client, server } = await bench.run(
      inAllShapes((_request$, call) => {
        if (++starts === CALLS) started.resolve();
        return NEVER.pipe(
          takeUntil(call.draining$.pipe(tap(() => looks.at('draining$', idOf(call))))),
          finalize(() => looks.at('finalize', idOf(call))),
        );
      }),
      { middleware: [withStore] },
    );
    const endings = shapes.map(
      (shape, id) => record(callOf(client, shape, NEVER, { metadata: { id: `${id}` } })).ending,
    );
    await started.promise;
    await storage.run('who shuts down', () => server.shutdown());
    await Promise.all(endings);
    expect([...looks.wrong]).to.deep.equal([]);
    expect([looks.seen('draining$'), looks.seen('finalize')]).to.deep.equal([CALLS, CALLS]);
  });

  it('applies to onError', async () => {
    const failures = [
      () => throwError(() => new Error('of the response')),
      () => Promise.reject(new Error('of a promise')),
    ];
    const { client } = await bench.run(
      inAllShapes((_request$, call) => failures[Number(idOf(call))]!()),
      {
        middleware: [withStore],
        onError: (_error, call) => looks.at('onError', idOf(call)),
      },
    );
    for (const id of failures.keys()) await errorOf(client.unary(note, { metadata: { id: `${id}` } }));
    expect([...looks.wrong]).to.deep.equal([]);
    expect(looks.seen('onError')).to.equal(failures.length);
  });

  it('applies to a further call of the handler: its requests, responses, headers and trailers', async () => {
    const behind = await bench.run(inAllShapes(request$ => request$));
    const { client } = await bench.run(
      inAllShapes((request$, call) => {
        const look = (where: string) => () => looks.at(where, idOf(call));
        const further$ = request$.pipe(
          map(request => {
            look('request')();
            return request;
          }),
        );
        return behind.client
          .bidi(further$, { parent: call, onHeaders: look('headers'), onTrailers: look('trailers') })
          .pipe(tap({ next: look('response'), complete: look('complete') }));
      }),
      { middleware: [withStore] },
    );
    const calls = shapes.map((shape, id) => {
      const request$ = pull(shape === 'bidi' ? [note, note, note] : [note]);
      return record(callOf(client, shape, request$, { metadata: { id: `${id}` } })).ending;
    });
    expect(await Promise.all(calls)).to.deep.equal(shapes.map(() => ({})));
    expect([...looks.wrong]).to.deep.equal([]);
    expect(['request', 'response', 'headers', 'trailers', 'complete'].map(where => looks.seen(where))).to.deep.equal([
      6, 6, 4, 4, 4,
    ]);
  });

  it('is that of the server when no middleware sets one', async () => {
    const seen: unknown[] = [];
    const { server } = await bench.run(
      inAllShapes(request$ => {
        seen.push(storage.getStore());
        return request$.pipe(tap(() => seen.push(storage.getStore())));
      }),
    );
    await storage.run('of the client', async () => {
      const client = bench.connect(server);
      for (const shape of shapes) await record(callOf(client, shape, of(note))).ending;
      const raw = rawCall(server, '/lab.Lab/Bidi');
      bench.onEnd(() => raw.close());
      raw.send(note);
      await raw.finish();
    });
    expect(seen).to.deep.equal(Array(2 * (CALLS + 1)).fill(undefined));
  });
});
