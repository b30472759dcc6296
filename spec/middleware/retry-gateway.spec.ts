import { expect } from 'chai';
import {
  concat,
  concatMap,
  defer,
  from,
  map,
  merge,
  type Observable,
  of,
  retry as rxRetry,
  Subject,
  take,
  throwError,
} from 'rxjs';
import { type Bound, Code, implement, loopback, pull, RpcError, serve } from '../../lib/index.ts';
import { retry } from '../../lib/middleware.ts';
import { watch } from '../../lib/testing.ts';
import { callOf, inAllShapes, type LabClient, type LabImplementation, useBench } from '../support/bench.ts';
import { deferred } from '../support/deferred.ts';
import { Lab, type Note, shapes } from '../support/lab.ts';
import { errorOf, record } from '../support/record.ts';
import { warningsOf } from '../support/warnings.ts';

const quick = { initialBackoffMs: 1, maxBackoffMs: 1, maxAttempts: 3 };
const note: Note = { n: 7 };

/** The ways in which a gateway passes a call on to the server behind it. */
const ways: Record<string, (behind: LabClient) => LabImplementation> = {
  'a client as the implementation': behind => behind,
  'request$ handed on': behind => ({
    unary: (request$, call) => behind.unary(request$, call),
    serverStream: (request$, call) => behind.serverStream(request$, call),
  }),
  'request$ through operators': behind => ({
    unary: (request$, call) => behind.unary(request$.pipe(map(request => ({ ...request }))), call),
    serverStream: request$ =>
      request$.pipe(
        map(request => ({ ...request })),
        behind.serverStream,
      ),
  }),
  'a call for each request': behind => ({
    unary: request$ => request$.pipe(concatMap(request => behind.unary(of(request)))),
    serverStream: request$ => request$.pipe(concatMap(request => behind.serverStream(request))),
  }),
};

const transports: Record<
  string,
  (service: Bound<typeof Lab>, bench: ReturnType<typeof useBench>) => Promise<LabClient>
> = {
  'over the wire': async (service, bench) => {
    const server = await serve('http://127.0.0.1:0', service);
    bench.onEnd(() => server.shutdown({ graceMs: 0 }));
    return bench.connect(server);
  },
  'in process': async service => loopback(service),
  'in process, not serialized': async service => loopback(service, { serialize: false }),
};

describe('retry in a gateway', () => {
  const bench = useBench();

  /** A server that is unavailable for the first two attempts, and a client of it that retries. */
  async function unavailableTwice(options: Parameters<typeof retry>[0] = quick) {
    const received: unknown[] = [];
    const { server } = await bench.run(
      inAllShapes(request$ =>
        request$.pipe(
          concatMap(request => {
            received.push(request);
            return received.length < 3 ? throwError(() => new RpcError(Code.UNAVAILABLE, 'busy')) : of(request);
          }),
        ),
      ),
    );
    return { received, server, behind: bench.connect(server, { middleware: [retry(options)] }) };
  }

  for (const [transport, open] of Object.entries(transports)) {
    for (const [way, implementation] of Object.entries(ways)) {
      for (const shape of ['unary', 'serverStream'] as const) {
        it(`sends a single request again: ${shape}, ${way} (${transport})`, async () => {
          const { behind, received } = await unavailableTwice();
          const client = await open(implement.partial(Lab, implementation(behind)), bench);
          const { values, ending } = record(callOf(client, shape, of(note)));
          expect(await ending).to.deep.equal({});
          expect(values).to.deep.equal([note]);
          expect(received).to.deep.equal([note, note, note]);
        });
      }
    }
  }

  const readOnce: Record<string, () => Observable<Note>> = {
    'a Subject that emits later': () => {
      const request$ = new Subject<Note>();
      queueMicrotask(() => {
        request$.next(note);
        request$.complete();
      });
      return request$;
    },
    'an iterator': () => pull([note].values()),
    'an iterator that does not say so': () => from([note].values()),
    'an iterator that hides': () => {
      const request$ = pull([note].values());
      return defer(() => request$);
    },
  };
  for (const [name, source] of Object.entries(readOnce)) {
    for (const shape of ['unary', 'serverStream'] as const) {
      it(`sends a single request again that can only be read once: ${shape}, ${name}`, async () => {
        const { behind, received } = await unavailableTwice();
        const { values, ending } = record(callOf(behind, shape, source()));
        expect(await ending).to.deep.equal({});
        expect([values, received]).to.deep.equal([[note], [note, note, note]]);
      });
    }
  }

  for (const how of ['is answered', 'is unsubscribed from'] as const) {
    it(`keeps the source of a single request subscribed between attempts, until the call ${how}`, async () => {
      const thirdAttempt = deferred<void>();
      let attempts = 0;
      const { server } = await bench.run({
        unary: request$ => {
          if (++attempts < 3) return throwError(() => new RpcError(Code.UNAVAILABLE, 'busy'));
          thirdAttempt.resolve();
          return request$;
        },
      });
      const source$ = new Subject<Note>();
      const watched = watch(source$);
      const behind = bench.connect(server, { middleware: [retry(quick)] });
      const { values, ending, subscription } = record(behind.unary(watched.source$));
      await thirdAttempt.promise;
      expect([watched.subscriptions, watched.active]).to.deep.equal([1, 1]);
      if (how === 'is unsubscribed from') subscription.unsubscribe();
      else {
        source$.next(note);
        source$.complete();
        await ending;
        expect(values).to.deep.equal([note]);
      }
      expect([watched.subscriptions, watched.active]).to.deep.equal([1, 0]);
    });
  }

  it("sends a single request again under RxJS's retry", async () => {
    const { behind, received } = await unavailableTwice({ maxAttempts: 1 });
    const { client } = await bench.run({ unary: request$ => behind.unary(request$).pipe(rxRetry(2)) });
    const { values, ending } = record(client.unary(note));
    expect(await ending).to.deep.equal({});
    expect([values, received]).to.deep.equal([[note], [note, note, note]]);
  });

  it('resumes a stream of responses to a single request', async () => {
    const { server } = await bench.run({
      serverStream: request$ =>
        request$.pipe(
          concatMap(({ n }) =>
            merge(of({ n: n + 1 }), n < 3 ? throwError(() => new RpcError(Code.UNAVAILABLE, '')) : []),
          ),
        ),
    });
    const resume = (last: Note, request$: Observable<Note>) =>
      request$.pipe(map(request => ({ ...request, n: last.n })));
    const behind = bench.connect(server, { middleware: [retry<Note, Note>({ ...quick, resume })] });
    const { client } = await bench.run({ serverStream: (request$, call) => behind.serverStream(request$, call) });
    const { values, ending } = record(client.serverStream({ n: 0 }));
    expect(await ending).to.deep.equal({});
    expect(values.map(({ n }) => n)).to.deep.equal([1, 2, 3, 4]);
  });

  it('applies the deadline of the incoming call to all attempts together', async () => {
    const { behind, received } = await unavailableTwice({ ...quick, initialBackoffMs: 60_000, maxBackoffMs: 60_000 });
    const { client, hidden } = await bench.run({ unary: (request$, call) => behind.unary(request$, call) });
    expect(await errorOf(client.unary(note, { timeoutMs: 30_000 }))).to.include({ code: Code.UNKNOWN });
    expect(hidden[0]).to.include({ code: Code.UNAVAILABLE });
    expect(received).to.have.length(1);
  });
});

describe('retry of a stream that cannot be sent again', () => {
  const bench = useBench();
  const path = { clientStream: '/lab.Lab/ClientStream', bidi: '/lab.Lab/Bidi' };
  const sources: Record<string, () => Observable<Note>> = {
    'a Subject': () => new Subject(),
    'an iterator': () => pull([note].values()),
    'an iterator that hides': () => defer(() => pull(iterator)),
  };
  let iterator: IterableIterator<Note>;

  async function busy() {
    const { server } = await bench.run(
      inAllShapes(request$ =>
        concat(
          request$.pipe(take(0)),
          throwError(() => new RpcError(Code.UNAVAILABLE, 'busy')),
        ),
      ),
    );
    return (options: Parameters<typeof retry>[0] = quick) => bench.connect(server, { middleware: [retry(options)] });
  }

  for (const shape of ['clientStream', 'bidi'] as const) {
    for (const [way, open] of Object.entries(transports)) {
      it(`warns once in a gateway, with the method and the remedy: ${shape} (${way})`, async () => {
        const behind = (await busy())();
        const warnings = await warningsOf(async () => {
          const client = await open(implement(Lab, behind), bench);
          for (let n = 0; n < 3; n++) await errorOf(callOf(client, shape, of(note)));
        });
        expect(warnings).to.have.length(1);
        expect(warnings[0]).to.match(/^RX_GRPC_RETRY_OFF: .*request\$ of an incoming call.*pull\(\(\) => open\(\)\)/);
        expect(warnings[0]).to.include(path[shape]);
      });
    }
  }

  for (const [name, source] of Object.entries(sources)) {
    it(`warns about ${name}`, async () => {
      const client = (await busy())();
      iterator = [note, note].values();
      const warnings = await warningsOf(() => errorOf(client.bidi(source())));
      expect(warnings).to.have.length(1);
      expect(warnings[0]).to.include(path.bidi);
    });
  }

  it('warns once per method, and not for methods whose requests are sent again', async () => {
    const behind = (await busy())();
    const warnings = await warningsOf(async () => {
      for (const shape of shapes) await errorOf(callOf(behind, shape, of(note)));
      for (const shape of [...shapes, ...shapes]) await errorOf(callOf(behind, shape, pull([note].values())));
    });
    expect(warnings.map(warning => Object.values(path).filter(of => warning.includes(of)))).to.deep.equal([
      [path.clientStream],
      [path.bidi],
    ]);
  });

  it('does not warn when nothing is retried, or when resume supplies the requests', async () => {
    const connect = await busy();
    const warnings = await warningsOf(async () => {
      await errorOf(connect({ maxAttempts: 1 }).bidi(new Subject<Note>()));
      connect({ resume: () => of(note) })
        .bidi(new Subject<Note>())
        .subscribe({ error: () => {} })
        .unsubscribe();
    });
    expect(warnings).to.deep.equal([]);
  });
});
