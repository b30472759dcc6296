import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import http2 from 'node:http2';
import net from 'node:net';
import tls from 'node:tls';
import { expect } from 'chai';
import { concat, config, defer, map, NEVER, type Observable, of, Subject, scan, takeLast, takeUntil, tap } from 'rxjs';
import {
  Code,
  implement,
  isRpcError,
  loopback,
  pull,
  type ServerCall,
  serve,
  toAsyncIterable,
} from '../../lib/index.ts';
import { concatMap } from '../../lib/operators.ts';
import { callOf, inAllShapes, useBench } from '../support/bench.ts';
import { deferred } from '../support/deferred.ts';
import { Lab, type Note, shapes } from '../support/lab.ts';
import { errorOf, record } from '../support/record.ts';
import { settled } from '../support/settled.ts';
import { tls as pair } from '../support/tls.ts';

const note: Note = { n: 1 };
const text = 'x'.repeat(16_384);
/** The end of a stream that only draining$ ends. */
const forEver = (): Observable<Note> =>
  pull(function* () {
    for (let n = 0; ; n++) yield { n, text };
  });

describe('draining$', () => {
  const bench = useBench();

  /** The notifications of a subscriber to draining$. */
  const listen = (call: ServerCall, log: string[]) =>
    call.draining$.subscribe({ next: () => log.push('draining'), complete: () => log.push('complete') });

  it('notifies running calls in all shapes, each subscriber once, and late subscribers at once', async () => {
    const logs: string[][] = [];
    const calls: ServerCall[] = [];
    const started = deferred();
    const { client, server } = await bench.run(
      inAllShapes((_request$, call) => {
        for (let i = 0; i < 2; i++) listen(call, (logs[logs.length] = []));
        if (calls.push(call) === shapes.length) started.resolve();
        return NEVER.pipe(takeUntil(call.draining$));
      }),
    );
    const endings = shapes.map(shape => record(callOf(client, shape, NEVER)).ending);
    await started.promise;
    expect(logs.flat()).to.deep.equal([]);
    const done = server.shutdown();
    expect(logs).to.deep.equal(Array(2 * shapes.length).fill(['draining', 'complete']));
    for (const call of calls) {
      const log: string[] = [];
      listen(call, log);
      expect(log[0], 'who comes when the call has ended, too, is told of one of both').to.be.oneOf([
        'draining',
        'complete',
      ]);
    }
    await Promise.all(endings);
    expect((await done).cut).to.deep.equal([]);
  });

  it('completes without a value when its call ends, and retains nothing', async () => {
    const logs: string[][] = [];
    const draining$ = new Subject<void>();
    const handler = (request$: Observable<Note>, call: ServerCall) => {
      listen(call, (logs[logs.length] = []));
      return request$.pipe(takeUntil(call.draining$));
    };
    const client = loopback(implement(Lab, inAllShapes(handler) as never), { draining$ });
    bench.onEnd(() => client[Symbol.dispose]());
    const { client: wired } = await bench.run(inAllShapes(handler));
    for (const each of [client, wired]) {
      for (const shape of shapes) await record(callOf(each, shape, of(note))).ending;
    }
    expect(logs).to.deep.equal(Array(2 * shapes.length).fill(['complete']));
    expect(draining$.observed).to.equal(false);
  });

  it('ends responses cleanly by takeUntil: everything sent arrives, then OK, though the reader is slow', async () => {
    let sent = 0;
    for (const shape of ['serverStream', 'bidi'] as const) {
      sent = 0;
      const { server, client } = await bench.run(
        inAllShapes((_request$, call) =>
          forEver().pipe(
            takeUntil(call.draining$),
            tap(() => sent++),
          ),
        ),
      );
      const read: number[] = [];
      const notes = toAsyncIterable(callOf(client, shape, shape === 'bidi' ? NEVER : of(note)))[Symbol.asyncIterator]();
      read.push((await notes.next()).value.n);
      await settled(() => sent); // now its sink is full
      const done = server.shutdown();
      for (let next = await notes.next(); !next.done; next = await notes.next()) read.push(next.value.n);
      expect(read).to.deep.equal(Array.from({ length: sent }, (_, n) => n));
      expect(await done).to.deep.equal({ cut: [] });
    }
  });

  it('ends requests cleanly by takeUntil: everything taken is answered, then OK, while the upload continues', async () => {
    const started = deferred();
    let taken = 0;
    const { client, server } = await bench.run({
      clientStream: (request$, call) =>
        request$.pipe(
          takeUntil(call.draining$),
          tap(() => ++taken === 100 && started.resolve()),
          scan((sum, { n }) => ({ n: sum.n + n }), { n: 0 }),
          takeLast(1),
        ),
      bidi: (request$, call) =>
        request$.pipe(
          takeUntil(call.draining$),
          map(({ n }) => ({ n })),
        ),
    });
    let closed = 0;
    const upload$ = defer(() =>
      pull(
        (function* () {
          try {
            for (;;) yield note;
          } finally {
            closed++;
          }
        })(),
      ),
    );
    const sum = record(client.clientStream(upload$));
    const echo = record(client.bidi(upload$));
    await started.promise;
    await echo.received(100);
    expect(await server.shutdown()).to.deep.equal({ cut: [] });
    expect([await sum.ending, await echo.ending]).to.deep.equal([{}, {}]);
    expect(sum.values).to.deep.equal([{ n: taken }]);
    expect(closed).to.equal(2);
  });

  it('ends an upload cleanly that waits for its handler: work in progress is finished and answered', async () => {
    const works: (() => void)[] = [];
    const busy = deferred();
    const { client, server } = await bench.run({
      bidi: (request$, call) =>
        request$.pipe(
          takeUntil(call.draining$),
          concatMap(async ({ n }) => {
            await new Promise<void>(resolve => {
              works.push(resolve);
              busy.resolve();
            });
            return { n };
          }),
        ),
    });
    let made = 0;
    const { values, ending } = record(client.bidi(forEver().pipe(tap(() => made++))));
    await busy.promise;
    await settled(() => made); // the upload waits
    const done = server.shutdown();
    let worked = 0;
    while (works.length > 0) {
      worked++;
      works.shift()!();
      await new Promise(setImmediate);
    }
    expect(await ending).to.deep.equal({});
    expect(values).to.deep.equal(Array.from({ length: worked }, (_, n) => ({ n })));
    expect(await done).to.deep.equal({ cut: [] });
  });

  it('notifies a call on a connection that was still opening when the shutdown began', async () => {
    const server = await serve(
      'https://127.0.0.1:0',
      implement.partial(Lab, { bidi: (request$, call) => concat(request$, NEVER).pipe(takeUntil(call.draining$)) }),
      { tls: pair },
    );
    const accepted = new Promise<void>(resolve => {
      const look = () => {
        unsubscribe('net.server.socket', look);
        resolve();
      };
      subscribe('net.server.socket', look);
    });
    const socket = net.connect(server.port, '127.0.0.1');
    await accepted;
    const done = server.shutdown();
    const session = http2.connect('https://localhost', {
      createConnection: () => tls.connect({ socket, ca: pair.cert, servername: 'localhost', ALPNProtocols: ['h2'] }),
    });
    bench.onEnd(() => session.destroy());
    const stream = session.request({ ':method': 'POST', ':path': '/lab.Lab/Bidi', 'content-type': 'application/grpc' });
    const [headers] = (await once(stream.resume(), 'response')) as [http2.IncomingHttpHeaders];
    expect(headers['grpc-status']).to.equal('0');
    stream.end();
    await once(session, 'goaway');
    expect(await done).to.deep.equal({ cut: [] });
  });

  it('confines an error of a subscriber to its call: the others are notified, and the shutdown continues', async () => {
    const started = deferred();
    let starts = 0;
    const stray: unknown[] = [];
    config.onUnhandledError = error => stray.push(error);
    bench.onEnd(() => {
      config.onUnhandledError = null;
    });
    const { client, server, hidden } = await bench.run(
      inAllShapes((_request$, call) => {
        const failing$ = call.draining$.pipe(
          tap(() => {
            throw new Error(call.method.path);
          }),
        );
        if (call.method.path === Lab.unary.path) call.draining$.subscribe(() => failing());
        if (++starts === shapes.length) started.resolve();
        return NEVER.pipe(takeUntil(call.method.path === Lab.bidi.path ? failing$ : call.draining$));
      }),
    );
    const failing = () => {
      throw new Error('of a subscription on the side');
    };
    const ends = shapes.map(shape => errorOf(callOf(client, shape, NEVER)));
    await started.promise;
    expect(await server.shutdown()).to.deep.equal({ cut: [] });
    const errors = await Promise.all(ends);
    expect(isRpcError(errors[3], Code.UNKNOWN)).to.equal(true);
    expect(errors[1]).to.equal(undefined);
    expect(hidden.map(String)).to.deep.equal([`Error: ${Lab.bidi.path}`]);
    await settled(() => stray.length);
    expect(stray.map(String)).to.deep.equal(['Error: of a subscription on the side']);
  });
});
