import { expect } from 'chai';
import { EMPTY, firstValueFrom, NEVER, Observable, of, retry, share, take, throwError, toArray } from 'rxjs';
import { Code, isRpcError, RpcError } from '../../lib/index.ts';
import { callOf, inAllShapes, overEachTransport, streaming } from '../support/bench.ts';
import { deferred } from '../support/deferred.ts';
import { type Note, shapes } from '../support/lab.ts';
import { errorOf, record } from '../support/record.ts';

const note: Note = { n: 1 };

overEachTransport('A call that is not subscribed to', bench => {
  for (const shape of shapes) {
    it(`sends nothing and subscribes nothing: ${shape}`, async () => {
      let calls = 0;
      let subscriptions = 0;
      const { client } = await bench.run(
        inAllShapes(request$ => {
          calls++;
          return request$;
        }),
      );
      const request$ = new Observable<Note>(subscriber => {
        subscriptions++;
        subscriber.next(note);
        subscriber.complete();
      });
      const forgotten$ = callOf(client, shape, request$);
      // Runs a second call of the same client to its end: anything that the first had sent would have arrived before.
      await record(callOf(client, shape, of(note))).ending;
      expect([calls, subscriptions]).to.deep.equal([1, 0]);

      await record(forgotten$).ending;
      await record(forgotten$).ending;
      expect([calls, subscriptions]).to.deep.equal([3, 2]);
    });
  }
});

overEachTransport('A call', bench => {
  for (const shape of shapes) {
    it(`is made anew by retry, which subscribes to its requests again: ${shape}`, async () => {
      let calls = 0;
      const { client } = await bench.run(
        inAllShapes(request$ => (++calls < 3 ? throwError(() => new RpcError(Code.UNAVAILABLE, 'later')) : request$)),
      );
      const { values, ending } = record(callOf(client, shape, of({ n: 7 })).pipe(retry(2)));
      expect(await ending).to.deep.equal({});
      expect([calls, values]).to.deep.equal([3, [{ n: 7 }]]);
    });

    it(`is made once for all subscribers of share(), without loss: ${shape}`, async () => {
      let calls = 0;
      const { client } = await bench.run(
        inAllShapes(request$ => {
          calls++;
          return request$;
        }),
      );
      const shared$ = callOf(client, shape, of({ n: 7 })).pipe(share());
      const results = await Promise.all([firstValueFrom(shared$), firstValueFrom(shared$.pipe(toArray()))]);
      expect([calls, results]).to.deep.equal([1, [{ n: 7 }, [{ n: 7 }]]]);
    });

    it(`with an empty source ends without a hang: ${shape}`, async () => {
      const { client } = await bench.run(inAllShapes(request$ => request$));
      const { values, ending } = record(callOf(client, shape, EMPTY));
      const { error } = await ending;
      expect(values).to.deep.equal([]);
      if (streaming(shape).requests && streaming(shape).responses) expect(error).to.equal(undefined);
      else expect(isRpcError(error, Code.UNIMPLEMENTED), String(error)).to.equal(true);
    });
  }

  it('runs beside calls of the other three shapes', async () => {
    const { client } = await bench.run(inAllShapes(request$ => request$));
    const all = await Promise.all(
      shapes.map((shape, n) => firstValueFrom(callOf(client, shape, of({ n })).pipe(toArray()))),
    );
    expect(all).to.deep.equal([[{ n: 0 }], [{ n: 1 }], [{ n: 2 }], [{ n: 3 }]]);
  });

  it('is an operator, and its responses can be the requests of another call', async () => {
    const { client } = await bench.run(inAllShapes(request$ => request$));
    const chained$ = of({ n: 1 }, { n: 2 }).pipe(client.bidi, client.bidi, take(2), toArray());
    expect(await firstValueFrom(chained$)).to.deep.equal([{ n: 1 }, { n: 2 }]);
  });

  it('may be answered early: the response arrives while requests are open, which are then unsubscribed', async () => {
    const unsubscribed = deferred();
    const request$ = new Observable<Note>(subscriber => {
      subscriber.next(note);
      return unsubscribed.resolve;
    });
    const { client } = await bench.run({ clientStream: request$ => request$.pipe(take(1)) });
    expect(await firstValueFrom(client.clientStream(request$))).to.deep.equal(note);
    await unsubscribed.promise;
  });

  it('to a method that is not implemented fails with UNIMPLEMENTED, in all shapes', async () => {
    const { client } = await bench.run({});
    for (const shape of shapes) {
      expect(isRpcError(await errorOf(callOf(client, shape, NEVER)), Code.UNIMPLEMENTED)).to.equal(true);
    }
  });
});
