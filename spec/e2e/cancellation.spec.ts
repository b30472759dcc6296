import { expect } from 'chai';
import { concat, finalize, map, NEVER, Observable, of, range, take, tap } from 'rxjs';
import { Code, close, isRpcError, pull } from '../../lib/index.ts';
import { concatMap } from '../../lib/operators.ts';
import { callOf, inAllShapes, overEachTransport, useBench } from '../support/bench.ts';
import { deferred } from '../support/deferred.ts';
import { isBefore, withEnoughTime } from '../support/enough-time.ts';
import { type Note, shapes } from '../support/lab.ts';
import { rawCall } from '../support/raw-call.ts';
import { record } from '../support/record.ts';

/** A handler that takes one request and never completes, and a record of how its call ends. */
function stalled() {
  const busy = deferred();
  const aborted = deferred<unknown>();
  const told = deferred<unknown>();
  const tornDown = deferred();
  let completed = false;
  return {
    busy: busy.promise,
    handler: (request$: Observable<Note>, call: { signal: AbortSignal }) => {
      call.signal.addEventListener('abort', () => aborted.resolve(call.signal.reason));
      return request$.pipe(
        tap({
          error: told.resolve,
          complete: () => {
            completed = true;
          },
        }),
        concatMap(() => {
          busy.resolve();
          return NEVER;
        }),
        finalize(tornDown.resolve),
      );
    },
    /** All three sources of the end: signal, request$, response$. */
    heard: async () => {
      const [reason, error] = await Promise.all([aborted.promise, told.promise, tornDown.promise]);
      expect(completed, 'completed').to.equal(false);
      expect(error).to.equal(reason);
      return error;
    },
  };
}

const notes = (count: number, bytes: number): Observable<Note> =>
  concat(pull(Array.from({ length: count }, (_, n) => ({ n, text: 'x'.repeat(bytes) }))), NEVER);

overEachTransport('A handler that is paused by backpressure', (bench, transport) => {
  for (const [count, bytes] of [
    [1, 10],
    [16, 10],
    [17, 10],
    [5000, 10],
    [18, 32_768],
    [200, 32_768],
    [4, 1_000_000],
  ] as const) {
    // biome-ignore format: a table
    for (const shape of ['clientStream', 'bidi'] as const) {
      it(`learns at once that the caller has cancelled: ${shape}, ${count} requests of ${bytes} bytes`, async () => {
        const { handler, busy, heard } = stalled();
        const { client } = await bench.run(inAllShapes(handler));
        const { subscription } = record(callOf(client, shape, notes(count, bytes)));
        await busy;
        subscription.unsubscribe();
        expect(isRpcError(await heard(), Code.CANCELLED)).to.equal(true);
      });
    }
  }

  for (const [count, bytes] of [
    [3, 10],
    [100, 32_768],
  ] as const) {
    it(`learns at once that the deadline has passed: ${count} requests of ${bytes} bytes`, () =>
      withEnoughTime(100, async timeoutMs => {
        const { handler, busy, heard } = stalled();
        const { client } = await bench.run(inAllShapes(handler));
        const { ending } = record(client.clientStream(notes(count, bytes), { timeoutMs }));
        if (!(await isBefore(busy, ending))) return false;
        const error = await heard();
        expect(isRpcError((await ending).error, Code.DEADLINE_EXCEEDED)).to.equal(true);
        // The client cancels at its own deadline; over the wire, the server may see this cancellation before its own deadline.
        if (transport === 'over the wire' && isRpcError(error, Code.CANCELLED)) return false;
        expect(isRpcError(error, Code.DEADLINE_EXCEEDED)).to.equal(true);
        return true;
      }));
  }
});

describe('A handler that is paused by backpressure', () => {
  const bench = useBench();

  for (const [count, bytes] of [
    [3, 10],
    [100, 32_768],
  ] as const) {
    // biome-ignore format: a table
    it(`learns at once that the connection is lost: ${count} requests of ${bytes} bytes`, async () => {
      const { handler, busy, heard } = stalled();
      const { server } = await bench.run(inAllShapes(handler));
      const call = rawCall(server, '/lab.Lab/Bidi');
      for (let n = 0; n < count; n++) call.send({ n, text: 'x'.repeat(bytes) });
      await busy;
      call.close();
      expect(isRpcError(await heard(), Code.CANCELLED)).to.equal(true);
    });
  }
});

overEachTransport('A cancellation', bench => {
  for (const shape of ['serverStream', 'bidi'] as const) {
    it(`by take(3) stops the producer, which produces at most the 64 KiB in flight in vain: ${shape}`, async () => {
      let produced = 0;
      const stopped = deferred();
      const { client } = await bench.run(
        inAllShapes(() =>
          pull(
            (function* () {
              try {
                for (;;) yield { n: produced++, text: 'x'.repeat(32_768) };
              } finally {
                stopped.resolve();
              }
            })(),
          ),
        ),
      );
      const { values, ending } = record(callOf(client, shape, of({ n: 1 })).pipe(take(3)));
      expect(await ending).to.deep.equal({});
      await stopped.promise;
      expect(values).to.have.lengthOf(3);
      expect(produced).to.be.lessThan(200);
    });
  }

  for (const shape of shapes) {
    it(`by its AbortSignal is CANCELLED with the signal's reason, and reaches the handler: ${shape}`, async () => {
      const started = deferred();
      const aborted = deferred();
      const { client } = await bench.run(
        inAllShapes((_, call) => {
          call.signal.addEventListener('abort', () => aborted.resolve());
          started.resolve();
          return NEVER;
        }),
      );
      const controller = new AbortController();
      const { ending } = record(callOf(client, shape, of({ n: 1 }), { signal: controller.signal }));
      await started.promise;
      const reason = new Error('enough');
      controller.abort(reason);
      const { error } = await ending;
      expect(isRpcError(error, Code.CANCELLED)).to.equal(true);
      expect(error).to.include({ cause: reason });
      await aborted.promise;
    });

    it(`before the call starts prevents the call: ${shape}`, async () => {
      let calls = 0;
      const { client } = await bench.run(
        inAllShapes(request$ => {
          calls++;
          return request$;
        }),
      );
      let subscribed = 0;
      const request$ = new Observable<Note>(() => {
        subscribed++;
      });
      const { ending } = record(callOf(client, shape, request$, { signal: AbortSignal.abort() }));
      expect(isRpcError((await ending).error, Code.CANCELLED)).to.equal(true);
      await record(callOf(client, shape, of({ n: 1 }))).ending;
      expect([calls, subscribed]).to.deep.equal([1, 0]);
    });

    it(`by close(client) is CANCELLED, and reaches the handler: ${shape}`, async () => {
      const aborted = deferred();
      const started = deferred();
      const { client } = await bench.run(
        inAllShapes((_, call) => {
          call.signal.addEventListener('abort', () => aborted.resolve());
          started.resolve();
          return NEVER;
        }),
      );
      const recordings = [1, 2].map(() => record(callOf(client, shape, NEVER)));
      await started.promise;
      close(client);
      const errors = await Promise.all(recordings.map(async ({ ending }) => (await ending).error as Error));
      for (const error of errors) expect(isRpcError(error, Code.CANCELLED)).to.equal(true);
      expect(errors[0]).to.not.equal(errors[1]);
      expect(errors[0]!.message).to.match(/^\/lab\.Lab\/\w+ CANCELLED: the client was closed$/);
      await aborted.promise;
    });
  }

  it('after OK, or a second time, has no effect', async () => {
    const { client } = await bench.run(inAllShapes(request$ => request$));
    for (const shape of shapes) {
      const controller = new AbortController();
      const { subscription, ending } = record(
        callOf(client, shape, range(0, 1).pipe(map(n => ({ n }))), { signal: controller.signal }),
      );
      await ending;
      subscription.unsubscribe();
      controller.abort();
      subscription.unsubscribe();
    }
  });
});
