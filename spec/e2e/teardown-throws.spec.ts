import { expect } from 'chai';
import { concat, defer, delay, finalize, from, type Observable, of } from 'rxjs';
import { Code, inspect } from '../../lib/index.ts';
import { callOf, inAllShapes, overEachTransport } from '../support/bench.ts';
import { type Note, shapes } from '../support/lab.ts';
import { errorOf, record } from '../support/record.ts';
import { settled } from '../support/settled.ts';

const failure = new Error('the teardown failed');

const throwing = <T>() =>
  finalize<T>(() => {
    throw failure;
  });

overEachTransport('A teardown that throws', bench => {
  for (const shape of shapes) {
    for (const [which, response$] of [
      ['of a response that comes later', () => of({ n: 1 }).pipe(delay(0), throwing())],
      ['between requests and responses', (request$: Observable<Note>) => request$.pipe(throwing())],
    ] as const) {
      it(`does not keep the call from ending, and reaches onError: ${shape}, ${which}`, async () => {
        const { client, server, hidden } = await bench.run(inAllShapes(response$));
        const { values, ending } = record(callOf(client, shape, of({ n: 1 })));
        expect(await ending).to.deep.equal({});
        expect(values).to.deep.equal([{ n: 1 }]);
        expect(await settled(() => hidden.length)).to.equal(1); // the client's end may come first
        expect(hidden[0]).to.deep.include({ errors: [failure] });
        expect(inspect(server).calls).to.deep.equal([]);
      });
    }

    it(`does not keep the requests from the server: ${shape}`, async () => {
      const { client } = await bench.run(inAllShapes(request$ => request$));
      const { values, ending } = record(callOf(client, shape, of({ n: 1 }).pipe(delay(0), throwing())));
      expect(await ending).to.deep.equal({});
      expect(values).to.deep.equal([{ n: 1 }]);
    });
  }

  for (const shape of ['unary', 'clientStream'] as const) {
    it(`does not hide a second response: ${shape}`, async () => {
      const two$ = defer(() => concat(of({ n: 1 }).pipe(delay(0)), from([{ n: 2 }, { n: 3 }])));
      const { client } = await bench.run(inAllShapes(() => two$.pipe(throwing())));
      expect(await errorOf(callOf(client, shape, of({ n: 1 })))).to.include({ code: Code.UNIMPLEMENTED });
    });
  }
});
