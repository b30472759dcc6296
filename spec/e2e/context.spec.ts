import { AsyncLocalStorage } from 'node:async_hooks';
import { expect } from 'chai';
import { map, NEVER, Observable, of, range, tap } from 'rxjs';
import { callOf, inAllShapes, useBench } from '../support/bench.ts';
import { type Note, shapes } from '../support/lab.ts';
import { errorOf, record } from '../support/record.ts';

describe('AsyncLocalStorage', () => {
  const bench = useBench();

  it("is the subscriber's own in all that a call tells it, not that of who made the connection", async () => {
    const storage = new AsyncLocalStorage<string>();
    const { client } = await bench.run(inAllShapes(request$ => request$));
    for (const shape of shapes) {
      const seen: (string | undefined)[] = [];
      const look = () => seen.push(storage.getStore());
      const run = (id: string) =>
        storage.run(id, () =>
          record(
            callOf(client, shape, of({ n: 1 }), { onHeaders: look, onTrailers: look }).pipe(
              tap({ next: look, complete: look }),
            ),
          ).ending.then(() => expect(seen.splice(0)).to.deep.equal([id, id, id, id])),
        );
      await run('first');
      await run('second');
    }
  });

  it('is kept apart for calls that wait for one connection together', async () => {
    const storage = new AsyncLocalStorage<string>();
    const { client } = await bench.run(inAllShapes(request$ => request$));
    const run = (id: string) =>
      storage.run(id, async () => {
        const seen: (string | undefined)[] = [];
        const look = () => seen.push(storage.getStore());
        await record(client.bidi(range(0, 3).pipe(map(n => ({ n })))).pipe(tap({ next: look, complete: look }))).ending;
        return new Set(seen);
      });
    expect(await Promise.all(['a', 'b', 'c'].map(run))).to.deep.equal([new Set(['a']), new Set(['b']), new Set(['c'])]);
    const seen: unknown[] = [];
    const failing$ = client.bidi(NEVER, { timeoutMs: 30 }).pipe(tap({ error: () => seen.push(storage.getStore()) }));
    await storage.run('d', () => errorOf(failing$));
    expect(seen).to.deep.equal(['d']);
  });

  it('is in the requests that of the handler that subscribed them', async () => {
    const storage = new AsyncLocalStorage<string>();
    const seen: (string | undefined)[] = [];
    const look = () => seen.push(storage.getStore());
    const { client } = await bench.run(
      inAllShapes(
        (request$, call) =>
          new Observable<Note>(response =>
            storage.run(String(call.metadata.get('id')), () =>
              request$.pipe(tap({ next: look, complete: look })).subscribe(response),
            ),
          ),
      ),
    );
    for (const id of ['a', 'b']) {
      await record(client.bidi(range(0, 3).pipe(map(n => ({ n }))), { metadata: { id } })).ending;
    }
    expect(seen).to.deep.equal(['a', 'a', 'a', 'a', 'b', 'b', 'b', 'b']);
  });
});
