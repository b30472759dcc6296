import { expect } from 'chai';
import { concat, map, NEVER, Observable, of, range, throwError } from 'rxjs';
import { Code, isRpcError, RpcError } from '../../lib/index.ts';
import { callOf, inAllShapes, overEachTransport, streaming } from '../support/bench.ts';
import { deferred } from '../support/deferred.ts';
import { type Note, shapes } from '../support/lab.ts';
import { errorOf, record } from '../support/record.ts';

const note: Note = { n: 1 };

overEachTransport('On the client', bench => {
  for (const shape of shapes) {
    describe(`of a call (${shape})`, () => {
      it('requests and their completion reach the handler, responses and theirs the subscriber, in order', async () => {
        const seen: unknown[] = [];
        const { client } = await bench.run(
          inAllShapes(
            request$ =>
              new Observable<Note>(response => {
                request$.subscribe({
                  next: request => seen.push(request),
                  complete: () => {
                    seen.push('end');
                    of({ n: 10 }, ...(streaming(shape).responses ? [{ n: 11 }, { n: 12 }] : [])).subscribe(response);
                  },
                });
              }),
          ),
        );
        const requests = streaming(shape).requests ? [{ n: 1 }, { n: 2 }, { n: 3 }] : [{ n: 1 }];
        const { values, ending } = record(callOf(client, shape, of(...requests)));
        expect(await ending).to.deep.equal({});
        expect(seen).to.deep.equal([...requests, 'end']);
        expect(values).to.deep.equal(streaming(shape).responses ? [{ n: 10 }, { n: 11 }, { n: 12 }] : [{ n: 10 }]);
      });

      it('an error of request$ cancels the call, and response$ passes the original error on', async () => {
        const told = deferred<unknown>();
        const started = deferred();
        const { client } = await bench.run(
          inAllShapes(request$ => {
            request$.subscribe({ error: told.resolve });
            started.resolve();
            return NEVER;
          }),
        );
        const mine = new Error('mine');
        const request$ = new Observable<Note>(subscriber => {
          if (streaming(shape).requests) subscriber.next(note);
          started.promise.then(() => subscriber.error(mine));
        });
        expect(await errorOf(callOf(client, shape, request$))).to.equal(mine);
        expect(isRpcError(await told.promise, Code.CANCELLED)).to.equal(true);
      });

      it('a request$ that errors at once fails response$ with that error, and nothing is uncaught', async () => {
        const { client } = await bench.run(inAllShapes(request$ => request$));
        const mine = new Error('mine');
        expect(
          await errorOf(
            callOf(
              client,
              shape,
              throwError(() => mine),
            ),
          ),
        ).to.equal(mine);
      });

      it('a status other than OK is an RpcError with code, details, trailers and path', async () => {
        const { client } = await bench.run(
          inAllShapes((_, call) => {
            call.trailers.set('one', '1');
            return throwError(() => new RpcError(Code.NOT_FOUND, 'no such user', { metadata: { two: '2' } }));
          }),
        );
        const error = await errorOf(callOf(client, shape, of(note)));
        const path = `/lab.Lab/${shape.charAt(0).toUpperCase()}${shape.slice(1)}`;
        expect(error).to.be.an.instanceOf(RpcError);
        expect(error).to.include({ code: Code.NOT_FOUND, details: 'no such user', path });
        expect(error.message).to.equal(`${path} NOT_FOUND: no such user`);
        expect(error.metadata.getMap()).to.include({ one: '1', two: '2' });
      });

      it('unsubscribing cancels the call: the handler is torn down and request$ unsubscribed', async () => {
        const started = deferred();
        const aborted = deferred();
        const told = deferred<unknown>();
        const tornDown = deferred();
        const { client } = await bench.run(
          inAllShapes((request$, call) => {
            call.signal.addEventListener('abort', () => aborted.resolve());
            request$.subscribe({ error: told.resolve });
            return new Observable(() => {
              started.resolve();
              return tornDown.resolve;
            });
          }),
        );
        let isOpen = true;
        const request$ = new Observable<Note>(() => () => {
          isOpen = false;
        });
        const { subscription } = record(callOf(client, shape, request$));
        await started.promise;
        subscription.unsubscribe();
        expect(isOpen, 'request$ is subscribed').to.equal(false);
        subscription.unsubscribe();
        expect(isRpcError(await told.promise, Code.CANCELLED)).to.equal(true);
        await Promise.all([aborted.promise, tornDown.promise]);
      });

      it('unsubscribing before the call has started leaves nothing and raises nothing', async () => {
        const { client } = await bench.run(inAllShapes(request$ => request$));
        for (let i = 0; i < 20; i++) record(callOf(client, shape, NEVER)).subscription.unsubscribe();
        expect((await record(callOf(client, shape, of(note))).ending).error).to.equal(undefined);
      });

      it('request$ is unsubscribed when the response has ended', async () => {
        for (const failure of [undefined, new RpcError(Code.ABORTED, 'enough')]) {
          const unsubscribed = deferred();
          const { client } = await bench.run(
            inAllShapes(() => (failure === undefined ? of(note) : throwError(() => failure))),
          );
          const request$ = new Observable<Note>(() => unsubscribed.resolve);
          expect((await record(callOf(client, shape, request$)).ending).error === undefined).to.equal(!failure);
          await unsubscribed.promise;
        }
      });
    });
  }

  for (const shape of ['serverStream', 'bidi'] as const) {
    it(`every response received before an error is delivered before it: ${shape}`, async () => {
      for (const count of [1, 15, 16]) {
        const { client } = await bench.run(
          inAllShapes(() =>
            concat(
              range(1, count).pipe(map(n => ({ n }))),
              throwError(() => new RpcError(Code.DATA_LOSS, 'x')),
            ),
          ),
        );
        const { values, ending } = record(callOf(client, shape, of(note)));
        expect(isRpcError((await ending).error, Code.DATA_LOSS)).to.equal(true);
        expect(values.map(({ n }) => n)).to.deep.equal(Array.from({ length: count }, (_, i) => i + 1));
      }
    });
  }

  it('metadata is sent with the call; headers and trailers arrive once each and in order', async () => {
    const seen: string[] = [];
    const { client } = await bench.run(
      inAllShapes((request$, call) => {
        call.sendHeaders({ echo: call.metadata.get('ask').map(String) });
        call.trailers.set('last', 'word');
        return request$;
      }),
    );
    for (const shape of shapes) {
      const response$ = callOf(client, shape, of(note), {
        metadata: { ask: ['a', 'b'] },
        onHeaders: headers => seen.push(`headers ${headers.get('echo')}`),
        onTrailers: trailers => seen.push(`trailers ${trailers.get('last')}`),
      });
      await new Promise<void>(resolve =>
        response$.subscribe({
          next: () => seen.push('response'),
          complete: () => {
            seen.push('end');
            resolve();
          },
        }),
      );
      // A single response is delivered when the call has succeeded, and therefore after the trailers.
      const middle = streaming(shape).responses ? ['response', 'trailers word'] : ['trailers word', 'response'];
      expect(seen.splice(0)).to.deep.equal(['headers a, b', ...middle, 'end']);
    }
  });

  it('an error thrown by onHeaders or onTrailers ends the call', async () => {
    const { client } = await bench.run(inAllShapes(request$ => request$));
    const mine = new Error('mine');
    const throwMine = () => {
      throw mine;
    };
    for (const shape of shapes) {
      expect(await errorOf(callOf(client, shape, of(note), { onHeaders: throwMine }))).to.equal(mine);
      expect(await errorOf(callOf(client, shape, of(note), { onTrailers: throwMine }))).to.equal(mine);
    }
  });
});
