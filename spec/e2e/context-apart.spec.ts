import { expect } from 'chai';
import { concat, defer, from, map, type Observable, of, tap, timer } from 'rxjs';
import type { ServerMiddleware } from '../../lib/index.ts';
import { concatMap } from '../../lib/operators.ts';
import { callOf, inAllShapes, useBench } from '../support/bench.ts';
import { deferred } from '../support/deferred.ts';
import { type Note, shapes } from '../support/lab.ts';
import { idOf, Looks, storage, withStore } from '../support/looks.ts';
import { record } from '../support/record.ts';

const note: Note = { n: 1 };

describe('AsyncLocalStorage in many concurrent calls', () => {
  const bench = useBench();
  let looks: Looks;
  beforeEach(() => {
    looks = new Looks();
  });

  it('stays separate for 5,000 calls at the same time', async () => {
    const CALLS = 5000;
    const allRun = deferred();
    let running = 0;
    let most = 0;
    const { client } = await bench.run(
      inAllShapes((request$, call) => {
        const id = idOf(call);
        const look = (where: string) => looks.at(where, id);
        look('handler');
        most = Math.max(most, ++running);
        if (running === CALLS) allRun.resolve();
        return concat(request$, from(allRun.promise).pipe(map(() => note))).pipe(
          tap(() => look('request')),
          concatMap(async value => {
            await null;
            look('promise');
            return value;
          }),
          concatMap(value => timer(Number(id) % 3).pipe(map(() => value))),
          tap({ next: () => look('response'), finalize: () => look('finalize') }),
          concatMap((value, index) => (call.method.responseStream || index === 0 ? [value] : [])),
        );
      }),
      { middleware: [withStore] },
    );
    const calls = Array.from({ length: CALLS }, (_, i) => {
      const shape = shapes[i % 4]!;
      return record(callOf(client, shape, of(note), { metadata: { id: `${i}` } })).ending;
    });
    const endings = await Promise.all(calls);
    expect(endings.filter(({ error }) => error !== undefined)).to.deep.equal([]);
    expect(most).to.equal(CALLS);
    expect([...looks.wrong]).to.deep.equal([]);
    for (const where of ['request', 'promise', 'response']) expect(looks.seen(where), where).to.equal(2 * CALLS);
    expect([looks.seen('handler'), looks.seen('finalize')]).to.deep.equal([CALLS, CALLS]);
  });

  const stores: Record<string, unknown> = {
    'the number 0': 0,
    'an empty text': '',
    false: false,
    null: null,
    undefined,
    'an empty Map': new Map(),
    'a Map of undefined': new Map([['key', undefined]]),
    'an object without prototype': Object.create(null),
    'a symbol': Symbol('store'),
  };
  /** Both ways to set a store. */
  const ways: Record<string, (store: unknown) => ServerMiddleware> = {
    run: store => rpc => (request$, call) => storage.run(store, () => rpc(request$, call)),
    enterWith: store => rpc => (request$, call) => {
      storage.enterWith(store);
      return rpc(request$, call);
    },
  };
  for (const [way, withThe] of Object.entries(ways)) {
    it(`may hold any value, by ${way}`, async () => {
      for (const [name, store] of Object.entries(stores)) {
        const seen: unknown[] = [];
        const { client } = await bench.run(
          inAllShapes(request$ => {
            seen.push(storage.getStore());
            return request$.pipe(
              concatMap(value => timer(1).pipe(map(() => value))),
              tap(() => seen.push(storage.getStore())),
            );
          }),
          { middleware: [withThe(store)] },
        );
        for (const shape of shapes) await record(callOf(client, shape, of(note))).ending;
        expect(seen, name).to.deep.equal(Array(2 * shapes.length).fill(store));
      }
    });

    it(`does not leak into the next call of the same connection, by ${way}`, async () => {
      const some: ServerMiddleware = rpc => {
        const withIts = (id: string) => ways[way]!(id)(rpc, undefined as never);
        return (request$, call) => (idOf(call) === '' ? rpc : withIts(idOf(call)))(request$, call);
      };
      const { client } = await bench.run(
        inAllShapes((request$, call) => {
          const id = idOf(call) === '' ? undefined : idOf(call);
          looks.at('handler', id);
          return request$.pipe(
            tap(() => looks.at('request', id)),
            concatMap(value => timer(1).pipe(map(() => value))),
            tap({ next: () => looks.at('response', id), finalize: () => looks.at('finalize', id) }),
          );
        }),
        { middleware: [some] },
      );
      const call = (id: string): Observable<Note> =>
        defer(() => callOf(client, 'bidi', of(note), { metadata: { id } }));
      for (let round = 0; round < 5; round++) {
        await record(call('in turn')).ending;
        await record(call('')).ending;
        await Promise.all(['a', '', 'b', '', 'c', ''].map(id => record(call(id)).ending));
      }
      expect([...looks.wrong]).to.deep.equal([]);
      expect(looks.seen('finalize')).to.equal(40);
    });
  }
});
