import { expect } from 'chai';
import {
  concat,
  concatMap,
  EMPTY,
  lastValueFrom,
  map,
  NEVER,
  Observable,
  of,
  range,
  Subject,
  take,
  throwError,
} from 'rxjs';
import { Code, isRpcError, RpcError, type ServerCall } from '../../lib/index.ts';
import { callOf, inAllShapes, overEachTransport, streaming, useBench } from '../support/bench.ts';
import { deferred } from '../support/deferred.ts';
import { type Note, shapes } from '../support/lab.ts';
import { rawCall } from '../support/raw-call.ts';
import { errorOf, record } from '../support/record.ts';

const note: Note = { n: 1 };

overEachTransport('On the server', bench => {
  for (const shape of shapes) {
    describe(`a handler (${shape})`, () => {
      it('that never subscribes to request$ ends as response$ does', async () => {
        const { client } = await bench.run(inAllShapes(() => of({ n: 5 })));
        const endless$ = streaming(shape).requests ? concat(range(0, 100).pipe(map(n => ({ n }))), NEVER) : of(note);
        const { values, ending } = record(callOf(client, shape, endless$));
        expect([await ending, values]).to.deep.equal([{}, [{ n: 5 }]]);
      });

      it('that subscribes to request$ late receives all of it', async () => {
        const later = deferred<Observable<Note>>();
        const go = new Subject<void>();
        const { client } = await bench.run(
          inAllShapes(request$ => {
            later.resolve(request$);
            return go.pipe(
              take(1),
              map(() => note),
            );
          }),
        );
        const requests = streaming(shape).requests ? range(0, 40).pipe(map(n => ({ n }))) : of({ n: 0 });
        const { ending } = record(callOf(client, shape, requests));
        const { values, ending: requestEnding } = record(await later.promise);
        expect(await requestEnding).to.deep.equal({});
        expect(values.map(({ n }) => n)).to.deep.equal([...Array(streaming(shape).requests ? 40 : 1).keys()]);
        go.next();
        expect(await ending).to.deep.equal({});
      });

      if (streaming(shape).requests) {
        it('that subscribes to request$ twice gets an error', async () => {
          const { client, hidden } = await bench.run(
            inAllShapes(request$ => {
              request$.subscribe({ error: () => {} });
              return request$;
            }),
          );
          expect(isRpcError(await errorOf(callOf(client, shape, of(note))), Code.UNKNOWN)).to.equal(true);
          expect(String(hidden)).to.match(/request\$ can be subscribed to once; share\(\)/);
        });
      } else {
        it('that subscribes to request$ again receives the single request again, before and after it has arrived', async () => {
          const seen: Note[] = [];
          const { client } = await bench.run(
            inAllShapes(request$ => {
              request$.subscribe().unsubscribe();
              request$.subscribe(request => seen.push(request));
              return request$.pipe(concatMap(() => request$));
            }),
          );
          const { values, ending } = record(callOf(client, shape, of(note)));
          expect(await ending).to.deep.equal({});
          expect([values, seen]).to.deep.equal([[note], [note]]);
        });

        it('that subscribes to request$ several times gets the cancellation on every subscription', async () => {
          const begun = deferred<void>();
          const endings: Promise<unknown>[] = [];
          const { server } = await bench.run(
            inAllShapes(request$ => {
              endings.push(errorOf(request$), errorOf(request$));
              begun.resolve();
              return NEVER;
            }),
          );
          const client = bench.connect(server);
          const { subscription } = record(callOf(client, shape, NEVER));
          await begun.promise;
          subscription.unsubscribe();
          for (const error of await Promise.all(endings)) expect(error).to.include({ code: Code.CANCELLED });
        });
      }

      it('that subscribes to request$ after its end gets completion', async () => {
        const kept = deferred<Observable<Note>>();
        const { client } = await bench.run(
          inAllShapes(request$ => {
            kept.resolve(request$);
            return of(note);
          }),
        );
        await record(callOf(client, shape, of(note))).ending;
        expect(isRpcError(await errorOf(await kept.promise), Code.CANCELLED)).to.equal(true);
      });

      it('that throws, or whose Observable or promise errors, ends the call and an endless request$', async () => {
        const failure = new RpcError(Code.FAILED_PRECONDITION, 'not now');
        const ways = [
          () => {
            throw failure;
          },
          () => throwError(() => failure),
          () => Promise.reject(failure),
          // biome-ignore lint/correctness/useYield: it throws before
          async function* () {
            throw failure;
          },
        ];
        for (const way of ways) {
          const unsubscribed = deferred();
          const { client } = await bench.run(
            inAllShapes(request$ => {
              request$.subscribe({ error: () => {} }).add(unsubscribed.resolve);
              return way();
            }),
          );
          expect(await errorOf(callOf(client, shape, NEVER))).to.include({
            code: Code.FAILED_PRECONDITION,
            details: 'not now',
          });
          if (streaming(shape).requests) await unsubscribed.promise;
        }
      });

      it('whose response$ has ended gets nothing more from request$: it is unsubscribed without completion or error', async () => {
        const heard: unknown[] = [];
        const unsubscribed = deferred();
        const { client, server } = await bench.run(
          inAllShapes(request$ => {
            request$
              .subscribe({ error: error => heard.push(error), complete: () => heard.push('complete') })
              .add(unsubscribed.resolve);
            return of(note);
          }),
        );
        expect(await record(callOf(client, shape, NEVER)).ending).to.deep.equal({});
        if (streaming(shape).requests) await unsubscribed.promise;
        await server.shutdown();
        expect(heard).to.deep.equal([]);
      });

      it('may return a promise, an iterable or an async iterable', async () => {
        const answers = [async () => note, () => [note], () => new Set([note]), async function* () { yield note; }]; // biome-ignore format: a list
        for (const answer of answers) {
          const { client } = await bench.run(inAllShapes(() => (answer as () => any)()));
          const { values, ending } = record(callOf(client, shape, of(note)));
          expect([await ending, values]).to.deep.equal([{}, [note]]);
        }
      });

      it('gets no cancellation after it ended with OK', async () => {
        const seen = deferred<{ call: ServerCall; stream: NodeJS.EventEmitter }>();
        let aborted = false;
        const { client, server } = await bench.run(
          inAllShapes((_, call) => {
            call.signal.addEventListener('abort', () => {
              aborted = true;
            });
            seen.resolve({ call } as never);
            return of(note);
          }),
        );
        await record(callOf(client, shape, of(note))).ending;
        const { call } = await seen.promise;
        await server.shutdown(); // grpc-js has reported everything by now
        expect([aborted, call.signal.aborted]).to.deep.equal([false, false]);
      });
    });
  }

  it('whose response$ ends while requests still arrive ends the call, and further requests are drained', async () => {
    const { client } = await bench.run({ clientStream: request$ => request$.pipe(take(10)).pipe(lastOf) });
    let produced = 0;
    const endless$ = new Observable<Note>(subscriber => {
      const turn = () => {
        if (subscriber.closed) return;
        subscriber.next({ n: produced++, text: 'x'.repeat(1024) });
        setImmediate(turn);
      };
      turn();
    });
    for (let i = 0; i < 5; i++) {
      produced = 0;
      expect(await lastValueFrom(client.clientStream(endless$))).to.deep.include({ n: 9 });
    }
  });

  it('that gives no response where one is required ends with UNIMPLEMENTED; one that gives two ends so at once', async () => {
    for (const shape of ['unary', 'clientStream'] as const) {
      const none = await bench.run(inAllShapes(() => EMPTY));
      const error = await errorOf(callOf(none.client, shape, of(note)));
      expect(error).to.include({ code: Code.UNIMPLEMENTED });
      expect(error.details).to.match(/expected one response, the handler gave none/);

      const two = await bench.run(inAllShapes(() => concat(of(note, note), NEVER)));
      const second = await errorOf(callOf(two.client, shape, of(note)));
      expect(second).to.include({ code: Code.UNIMPLEMENTED });
      expect(second.details).to.match(/gave a second one/);
    }
  });
});

describe('On the server', () => {
  const bench = useBench();

  it('every response before an error is sent before it, also from a source that cannot wait', async () => {
    for (const failure of [new RpcError(Code.DATA_LOSS, 'x'), new Error('x')]) {
      const { server } = await bench.run(
        inAllShapes(() =>
          concat(
            range(0, 1000).pipe(map(n => ({ n }))),
            throwError(() => failure),
          ),
        ),
      );
      // Read without grpc-js, whose client lets such a status overtake messages that were not read yet.
      const call = rawCall(server, '/lab.Lab/Bidi');
      const { notes, trailers } = await call.finish();
      call.close();
      expect(notes.map(({ n }) => n)).to.deep.equal([...Array(1000).keys()]);
      expect(trailers['grpc-status']).to.equal(failure instanceof RpcError ? '15' : '2');
    }
  });
});

const lastOf = (source$: Observable<Note>): Observable<Note> =>
  new Observable(output => {
    let last: Note | undefined;
    return source$.subscribe({
      next: value => {
        last = value;
      },
      error: error => output.error(error),
      complete: () => {
        output.next(last!);
        output.complete();
      },
    });
  });
