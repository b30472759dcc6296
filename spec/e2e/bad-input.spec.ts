import { expect } from 'chai';
import { concat, NEVER, Observable, of, retry } from 'rxjs';
import { Code, close, connect, isRpcError, type Method, pull, RpcError, type Server } from '../../lib/index.ts';
import {
  callOf,
  inAllShapes,
  type LabClient,
  overEachTransport,
  overTransportsOfBytes,
  useBench,
} from '../support/bench.ts';
import { deferred } from '../support/deferred.ts';
import { Lab, type Note, shapes } from '../support/lab.ts';
import { errorOf, record, thrownBy } from '../support/record.ts';

const note: Note = { n: 1 };
const LIMIT = 4 * 1024 * 1024; // grpc-js's default maximum for a received message
/** A note whose JSON has this many bytes. */
const ofBytes = (bytes: number): Note => ({
  n: 1,
  text: 'x'.repeat(bytes - JSON.stringify({ n: 1, text: '' }).length),
});

describe('Bad input', () => {
  const bench = useBench();

  /** A client of the lab service with some methods replaced. */
  function oddClient(server: Server, odd: Partial<Method>): LabClient {
    const service = Object.fromEntries(shapes.map(shape => [shape, { ...Lab[shape], ...odd }]));
    const client = connect(service as unknown as typeof Lab, server.target);
    bench.onEnd(() => close(client));
    return client;
  }

  for (const shape of shapes) {
    describe(`in a call (${shape})`, () => {
      it('an undecodable request ends the call with INTERNAL, on both sides', async () => {
        const told = deferred<unknown>();
        const aborted = deferred();
        const { server } = await bench.run(
          inAllShapes((request$, call) => {
            call.signal.addEventListener('abort', () => aborted.resolve());
            request$.subscribe({ error: told.resolve });
            return NEVER;
          }),
        );
        const client = oddClient(server, { requestSerialize: () => Buffer.from('{') });
        const error = await errorOf(
          callOf(client, shape, Lab[shape].requestStream ? concat(of(note), NEVER) : of(note)),
        );
        expect(error).to.include({ code: Code.INTERNAL, details: 'a request cannot be decoded' });
        expect(isRpcError(await told.promise, Code.INTERNAL)).to.equal(true);
        expect(((await told.promise) as Error).cause).to.be.an.instanceOf(SyntaxError);
        await aborted.promise;
      });

      it('an undecodable response ends the call with INTERNAL, keeps the reason as its cause, and cancels the call', async () => {
        const aborted = deferred();
        const { server } = await bench.run(
          inAllShapes((_, call) => {
            call.signal.addEventListener('abort', () => aborted.resolve());
            return concat(of(note), Lab[shape].responseStream ? NEVER : of());
          }),
        );
        const client = oddClient(server, {
          responseDeserialize: () => {
            throw new SyntaxError('odd');
          },
        });
        const error = await errorOf(callOf(client, shape, of(note)));
        expect(error).to.include({ code: Code.INTERNAL, details: 'a response cannot be decoded' });
        expect(error.cause).to.be.an.instanceOf(SyntaxError);
        if (Lab[shape].responseStream) await aborted.promise;
      });

      it('response$ errors with the encoding error of the request', async () => {
        const odd = new TypeError('n: expected a number');
        const { server } = await bench.run(inAllShapes(() => NEVER));
        const client = oddClient(server, {
          requestSerialize: () => {
            throw odd;
          },
        });
        expect(await errorOf(callOf(client, shape, of(note)))).to.equal(odd);
      });

      it('a request of more than 4 MiB ends the call with RESOURCE_EXHAUSTED on both sides; one of exactly 4 MiB is accepted', async () => {
        const told = deferred<unknown>();
        const { client } = await bench.run(
          inAllShapes(request$ => {
            return new Observable<Note>(response =>
              request$.subscribe({
                next: ({ n }) => {
                  response.next({ n });
                  if (!Lab[shape].responseStream) response.complete();
                },
                error: told.resolve,
                complete: () => response.complete(),
              }),
            );
          }),
        );
        expect((await record(callOf(client, shape, of(ofBytes(LIMIT)))).ending).error).to.equal(undefined);
        expect(await errorOf(callOf(client, shape, of(ofBytes(LIMIT + 1))))).to.include({
          code: Code.RESOURCE_EXHAUSTED,
        });
        expect(await told.promise).to.be.an.instanceOf(RpcError);
      });

      it('a response of more than 4 MiB ends the call with RESOURCE_EXHAUSTED; one of exactly 4 MiB is accepted', async () => {
        const { client } = await bench.run(inAllShapes(request$ => request$.pipe(source$ => new Observable(response => source$.subscribe({ next: ({ n }) => response.next(ofBytes(n)), complete: () => response.complete() }))))); // biome-ignore format: in one
        expect((await record(callOf(client, shape, of({ n: LIMIT }))).ending).error).to.equal(undefined);
        expect(await errorOf(callOf(client, shape, of({ n: LIMIT + 1 })))).to.include({
          code: Code.RESOURCE_EXHAUSTED,
        });
      });
    });
  }
});

overEachTransport('Bad input', bench => {
  for (const shape of shapes) {
    describe(`in a call (${shape})`, () => {
      it('a handler that returns no Observable ends the call with UNKNOWN, and onError reports the returned value', async () => {
        for (const result of [undefined, null, 5, {}]) {
          const { client, hidden } = await bench.run(inAllShapes(() => result));
          expect(await errorOf(callOf(client, shape, of(note)))).to.include({ code: Code.UNKNOWN });
          expect(hidden).to.have.lengthOf(1);
          expect(hidden[0]).to.be.an.instanceOf(TypeError);
        }
      });

      it('invalid, unknown and mistyped options throw when the call is made, with the option in the message', async () => {
        const { client } = await bench.run(inAllShapes(request$ => request$));
        for (const [options, message] of [
          [0, /got number 0.*index that RxJS passes/],
          ['x', /plain object/],
          [null, /plain object/],
          [new Map(), /plain object, got an object \(Map\)/],
          [{ timeout: 5 }, /no option "timeout".*timeoutMs/],
          [{ timeoutMs: '5' }, /timeoutMs/],
          [{ timeoutMs: -1 }, /timeoutMs/],
          [{ timeoutMs: Number.NaN }, /timeoutMs/],
          [{ deadline: 5 }, /deadline/],
          [{ deadline: new Date(Number.NaN) }, /deadline/],
          [{ signal: {} }, /signal/],
          [{ parent: {} }, /parent/],
          [{ maxQueuedBytes: '5' }, /maxQueuedBytes/],
          [{ metadata: 'a: b' }, /metadata/],
          [{ metadata: { 'a b': 'x' } }, /metadata.*"a b"/],
          [{ onHeaders: 'x' }, /onHeaders/],
          [{ onTrailers: {} }, /onTrailers/],
          [{ waitForReady: 'no' }, /waitForReady/],
        ] as const) {
          const error = thrownBy(() => callOf(client, shape, of(note), options as never));
          expect(error.message).to.match(message);
          expect(error.message).to.match(new RegExp(`^(${shape}|metadata):`));
          expect([TypeError, RangeError]).to.include(error.constructor);
        }
      });
    });
  }

  it('a request$ that is no Observable throws when the call is made, and the message suggests pull()', async () => {
    const { client } = await bench.run({});
    for (const shape of ['clientStream', 'bidi'] as const) {
      for (const request of [note, [note], undefined, Promise.resolve(note), (async function* () {})()]) {
        const error = thrownBy(() => client[shape](request as never));
        expect(error).to.be.an.instanceOf(TypeError);
        expect(error.message).to.match(/expected an Observable.*pull\(\)/);
      }
    }
  });

  it('a one-shot source that retry subscribes again is an error, and nothing is sent in its place', async () => {
    let calls = 0;
    const { client } = await bench.run({
      bidi: () => {
        calls++;
        return new Observable(response => response.error(new RpcError(Code.UNAVAILABLE, 'later')));
      },
    });
    const source = (function* () {
      for (;;) yield note;
    })();
    const error = await errorOf(client.bidi(pull(source)).pipe(retry(1)));
    expect(error).to.be.an.instanceOf(TypeError);
    expect(error.message).to.match(/pull\(\(\) => open\(\)\)/);
    expect(calls).to.be.at.most(2);
  });
});

overTransportsOfBytes('Bad input', bench => {
  for (const shape of shapes) {
    describe(`in a call (${shape})`, () => {
      it('an encoding error of a response is hidden from the caller and reported to onError', async () => {
        const circular: any = {};
        circular.self = circular;
        const { client, hidden } = await bench.run(inAllShapes(() => of(circular)));
        expect(await errorOf(callOf(client, shape, of(note)))).to.include({
          code: Code.UNKNOWN,
          details: 'unknown error',
        });
        expect(hidden).to.have.lengthOf(1);
        expect(hidden[0]).to.be.an.instanceOf(TypeError);
      });
    });
  }

  it('a source that cannot wait and overflows its queue ends the call with RESOURCE_EXHAUSTED, on either side', async () => {
    const many$ = concat(of(...Array.from({ length: 100 }, () => ofBytes(10_000))), NEVER);
    const { client, hidden } = await bench.run(
      { bidi: () => NEVER, serverStream: () => many$ },
      { maxQueuedBytes: 500_000 },
    );
    expect(await errorOf(client.bidi(many$, { maxQueuedBytes: 500_000 }))).to.include({
      code: Code.RESOURCE_EXHAUSTED,
    });
    expect(await errorOf(client.serverStream(note))).to.include({ code: Code.RESOURCE_EXHAUSTED });
    expect(hidden).to.deep.equal([]);
  });
});
