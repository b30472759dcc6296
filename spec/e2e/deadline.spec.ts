import { expect } from 'chai';
import { concat, finalize, map, NEVER, Observable, of, range, type Subscriber } from 'rxjs';
import { Code, demand, isRpcError, type RpcError } from '../../lib/index.ts';
import { concatMap } from '../../lib/operators.ts';
import { callOf, inAllShapes, overEachTransport, useBench } from '../support/bench.ts';
import { deferred } from '../support/deferred.ts';
import { isBefore, withEnoughTime } from '../support/enough-time.ts';
import { type Note, shapes } from '../support/lab.ts';
import { rawCall } from '../support/raw-call.ts';
import { errorOf, record } from '../support/record.ts';

overEachTransport('A deadline', (bench, transport) => {
  // Over the wire the server's clock starts later, so the client's cancellation may come before the server's deadline.
  const endsOfHandler =
    transport === 'over the wire' ? [Code.DEADLINE_EXCEEDED, Code.CANCELLED] : [Code.DEADLINE_EXCEEDED];

  for (const shape of shapes) {
    it(`ends the call on both sides: ${shape}`, () =>
      withEnoughTime(50, async timeoutMs => {
        let isCalled = false;
        const told = deferred<unknown>();
        const aborted = deferred<unknown>();
        const tornDown = deferred();
        const { client } = await bench.run(
          inAllShapes((request$, call) => {
            isCalled = true;
            request$.subscribe({ error: told.resolve });
            call.signal.addEventListener('abort', () => aborted.resolve(call.signal.reason));
            return NEVER.pipe(finalize(tornDown.resolve));
          }),
        );
        expect(await errorOf(callOf(client, shape, NEVER, { timeoutMs }))).to.include({ code: Code.DEADLINE_EXCEEDED });
        if (!isCalled) return false;
        expect((await told.promise) as RpcError)
          .to.have.property('code')
          .that.is.oneOf(endsOfHandler);
        expect(await aborted.promise).to.equal(await told.promise);
        await tornDown.promise;
        return true;
      }));

    it(`in the past ends the call with DEADLINE_EXCEEDED: ${shape}`, async () => {
      const { client } = await bench.run(inAllShapes(() => NEVER));
      for (const options of [{ timeoutMs: 0 }, { deadline: new Date(0) }]) {
        expect(await errorOf(callOf(client, shape, NEVER, options))).to.include({ code: Code.DEADLINE_EXCEEDED });
      }
    });
  }

  it('reaches the handler as the earliest of those given; without one the handler has none', async () => {
    const seen: (Date | undefined)[] = [];
    const { client } = await bench.run(
      inAllShapes((request$, call) => {
        seen.push(call.deadline);
        return request$;
      }),
    );
    const at = Date.now() + 60_000;
    for (const options of [
      { deadline: new Date(at) },
      { deadline: new Date(at), timeoutMs: 1e6 },
      { deadline: new Date(at + 1e6), timeoutMs: 60_000 },
    ]) {
      await record(client.unary({ n: 1 }, options)).ending;
      expect(seen.pop()!.getTime()).to.be.closeTo(at, 1000);
    }
    await record(client.unary({ n: 1 })).ending;
    expect(seen).to.deep.equal([undefined]);
  });

  const maxHours = 99_999_999;
  const hourMs = 3_600_000;

  it('reaches the handler however far away it is, in the matching unit of gRPC', async () => {
    let seen: Date | undefined;
    const { client } = await bench.run(
      inAllShapes((request$, call) => {
        seen = call.deadline;
        return request$;
      }),
    );
    for (const [timeoutMs, unitMs] of [
      [24 * 24 * hourMs, 1000],
      [2 ** 31 - 1, 1000],
      [2 ** 31, 1000],
      [25 * 24 * hourMs, 1000],
      [49 * 24 * hourMs, 1000],
      [50 * 24 * hourMs, 1000],
      [2 ** 32 + 1, 1000],
      [99_999_999_000, 1000],
      [99_999_999_500, 60_000],
      [100_000_000_000, 60_000], // one digit too many by the time it is sent
      [100_000_100_000, 60_000],
      [100_000_000 * 60_000, hourMs],
      [100_000_100 * 60_000, hourMs],
      [maxHours * hourMs, hourMs],
    ] as const) {
      const from = Date.now();
      for (const options of [{ timeoutMs }, { deadline: new Date(from + timeoutMs) }]) {
        expect((await record(client.unary({ n: 1 }, options)).ending).error, `${timeoutMs}`).to.equal(undefined);
        const rounding = Math.max(60_000, unitMs) + Date.now() - from;
        expect(seen!.getTime() - from, `${timeoutMs}`).to.be.within(timeoutMs - rounding, timeoutMs + rounding);
      }
    }
  });

  it('beyond what gRPC can express counts as none', async () => {
    const seen: unknown[] = [];
    const { client } = await bench.run(
      inAllShapes((request$, call) => {
        seen.push(call.deadline);
        return request$;
      }),
    );
    for (const options of [
      { timeoutMs: maxHours * hourMs + 60_000 },
      { timeoutMs: Number.MAX_VALUE },
      { timeoutMs: Number.POSITIVE_INFINITY },
      { deadline: new Date(8.64e15) },
    ]) {
      expect((await record(client.unary({ n: 1 }, options)).ending).error).to.equal(undefined);
    }
    expect(seen).to.deep.equal([undefined, undefined, undefined, undefined]);
  });

  it('that passes while nobody reads a download ends its handler and requests at once, and its reader when it resumes', () =>
    withEnoughTime(150, async timeoutMs => {
      const aborted = deferred();
      const { client } = await bench.run(
        inAllShapes((_, call) => {
          call.signal.addEventListener('abort', () => aborted.resolve());
          return concat(range(0, 1000).pipe(map(n => ({ n, text: 'x'.repeat(1000) }))), NEVER);
        }),
      );
      const unsubscribed = deferred();
      const go = deferred();
      const first = deferred();
      const request$ = new Observable<Note>(() => unsubscribed.resolve);
      const reader$ = client.bidi(request$, { timeoutMs }).pipe(
        concatMap(note => {
          first.resolve();
          return go.promise.then(() => note);
        }),
      );
      const { values, ending } = record(reader$);
      if (!(await isBefore(first.promise, ending))) return false;
      await Promise.all([aborted.promise, unsubscribed.promise]);
      expect(values).to.deep.equal([]);
      go.resolve();
      expect(isRpcError((await ending).error, Code.DEADLINE_EXCEEDED)).to.equal(true);
      // concatMap drops its queued values on an error; those it emitted before came in order.
      expect(values).to.deep.equal(values.map((_, n) => ({ n, text: 'x'.repeat(1000) })));
      return true;
    }));
});

describe('A deadline', () => {
  const bench = useBench();

  it('ends the handler of a caller that neither reads nor cancels', async () => {
    const aborted = deferred<unknown>();
    const { server } = await bench.run(
      inAllShapes((_, call) => {
        call.signal.addEventListener('abort', () => aborted.resolve(call.signal.reason));
        return range(0, 50).pipe(map(n => ({ n, text: 'x'.repeat(200_000) })));
      }),
    );
    const call = rawCall(server, '/lab.Lab/Bidi', { 'grpc-timeout': '100m' });
    bench.onEnd(() => call.close());
    expect(isRpcError(await aborted.promise, Code.DEADLINE_EXCEEDED)).to.equal(true);
  });
});

overEachTransport('A status other than OK, while the reader is paused', bench => {
  it('comes after everything in the Readable, when the reader resumes', () =>
    withEnoughTime(500, async timeoutMs => {
      const tornDown = deferred();
      const { client } = await bench.run({
        bidi: () => concat(range(0, 8).pipe(map(n => ({ n }))), NEVER).pipe(finalize(tornDown.resolve)),
      });
      const received: number[] = [];
      const end = deferred<unknown>();
      let isReady = false;
      let resume: (() => void) | undefined;
      const gate = {
        get ready() {
          return isReady;
        },
        onReady: (wake: () => void) => {
          resume = wake;
          return () => {
            resume = undefined;
          };
        },
      };
      const first = deferred();
      const unsubscribed = deferred();
      const subscriber$ = new Observable<Note>((output: Subscriber<Note>) => {
        (output as any)[demand] = gate;
        return client.bidi(new Observable(() => unsubscribed.resolve), { timeoutMs }).subscribe(output);
      });
      subscriber$.subscribe({
        next: ({ n }) => {
          received.push(n);
          first.resolve();
        },
        error: end.resolve,
      });
      if (!(await isBefore(first.promise, end.promise))) return false;
      await Promise.all([tornDown.promise, unsubscribed.promise]); // the status has arrived
      expect(received).to.deep.equal([0]);
      isReady = true;
      resume!();
      expect(isRpcError(await end.promise, Code.DEADLINE_EXCEEDED)).to.equal(true);
      expect(received).to.deep.equal([0, 1, 2, 3, 4, 5, 6, 7]);
      return true;
    }));
});

overEachTransport('The deadline of a call that has ended', bench => {
  it('leaves no timer on either side', async () => {
    const { client } = await bench.run(inAllShapes(request$ => request$));
    const timers = () => process.getActiveResourcesInfo().filter(kind => kind === 'Timeout').length;
    const before = timers();
    for (let i = 0; i < 20; i++) {
      for (const shape of shapes) await record(callOf(client, shape, of({ n: 1 }), { timeoutMs: 60_000 })).ending;
    }
    expect(timers()).to.be.at.most(before + 1); // grpc-js may keep a timer for the channel
  });
});
