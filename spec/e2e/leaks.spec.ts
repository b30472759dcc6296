import { getEventListeners } from 'node:events';
import { expect } from 'chai';
import { concat, firstValueFrom, map, NEVER, of, range, take, throwError, toArray } from 'rxjs';
import { onCancelled, type ParentCall } from '../../lib/core/server-call.ts';
import { Code, queueBudget, RpcError, type ServerCall } from '../../lib/index.ts';
import { callOf, inAllShapes, overEachTransport } from '../support/bench.ts';
import { deferred } from '../support/deferred.ts';
import { type Note, shapes } from '../support/lab.ts';
import { errorOf, record } from '../support/record.ts';

const note: Note = { n: 1 };

overEachTransport('A call that has ended', bench => {
  const ways = [
    ['well', inAllShapes(request$ => request$)],
    ['with an error', inAllShapes(() => throwError(() => new RpcError(Code.ABORTED, 'x')))],
  ] as const;

  for (const [how, implementation] of ways) {
    it(`${how} leaves no listener on its AbortSignal`, async () => {
      const { client } = await bench.run(implementation);
      const { signal } = new AbortController();
      for (const shape of shapes) await record(callOf(client, shape, of(note), { signal })).ending;
      expect(getEventListeners(signal, 'abort')).to.have.lengthOf(0);
    });
  }

  it('releases the parent it was made for', async () => {
    const counts: number[] = [];
    const behind = await bench.run(inAllShapes(request$ => request$));
    const { client } = await bench.run({
      unary: async (request$, call) => {
        let waiting = 0;
        const counting = new Proxy(call, {
          get: (_, key) =>
            key === onCancelled
              ? (cancelled: () => void) => {
                  waiting++;
                  const undo = (call as ParentCall)[onCancelled](cancelled);
                  return () => {
                    waiting--;
                    undo();
                  };
                }
              : (call as any)[key],
        });
        const requests = await firstValueFrom(request$);
        for (const shape of shapes) await record(callOf(behind.client, shape, of(requests), counting)).ending;
        counts.push(waiting);
        return note;
      },
    });
    await record(client.unary(note)).ending;
    expect(counts).to.deep.equal([0]);
  });

  it('releases the bytes that were queued for it, however it ended', async () => {
    const before = queueBudget.bytes;
    const many$ = concat(range(0, 100).pipe(map(n => ({ n, text: 'x'.repeat(32_768) }))), NEVER);
    const tornDown = deferred();
    const { client } = await bench.run(
      inAllShapes((_, call) => {
        call.signal.addEventListener('abort', () => tornDown.resolve());
        return many$;
      }),
    );
    const { subscription, received } = record(client.bidi(many$).pipe(take(1)));
    await received(1);
    subscription.unsubscribe();
    await tornDown.promise;
    expect(queueBudget.bytes).to.equal(before);
  });
});

overEachTransport('Many listeners', bench => {
  it('on one call.signal, and many calls with one AbortSignal, cause no warning', async () => {
    // spec/hooks.ts fails a spec during which a MaxListenersExceededWarning is emitted.
    const aborted = deferred();
    let heard = 0;
    let calls = 0;
    const started = deferred();
    const { client } = await bench.run(
      inAllShapes((_, call: ServerCall) => {
        for (let i = 0; i < 30; i++) {
          call.signal.addEventListener('abort', () => {
            if (++heard === 30 * 40) aborted.resolve();
          });
        }
        if (++calls === 40) started.resolve();
        return NEVER;
      }),
    );
    const controller = new AbortController();
    const errors = Array.from({ length: 10 }, () =>
      shapes.map(shape => errorOf(callOf(client, shape, of(note), { signal: controller.signal }))),
    ).flat();
    await started.promise;
    expect(getEventListeners(controller.signal, 'abort')).to.have.lengthOf(1);
    controller.abort();
    for (const error of await Promise.all(errors)) expect(error).to.include({ code: Code.CANCELLED });
    await aborted.promise;
    expect(getEventListeners(controller.signal, 'abort')).to.have.lengthOf(0);
  });
});

overEachTransport('Many messages', bench => {
  it('arrive in order, without loss or duplication, in both directions, from any source', async () => {
    const { client } = await bench.run(inAllShapes(request$ => request$));
    for (const [count, bytes] of [
      [20_000, 10],
      [50, 1_100_000],
    ] as const) {
      const many$ = range(0, count).pipe(map(n => ({ n, text: 'x'.repeat(bytes) })));
      const values = await firstValueFrom(
        client.bidi(many$, { maxQueuedBytes: 2 ** 30 }).pipe(
          map(({ n }) => n),
          toArray(),
        ),
      );
      expect(values).to.deep.equal([...Array(count).keys()]);
    }
  });
});
