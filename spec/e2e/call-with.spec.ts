import type { Metadata } from '@grpc/grpc-js';
import { expect } from 'chai';
import { concat, defer, firstValueFrom, map, NEVER, type Observable, of, retry, take, throwError } from 'rxjs';
import {
  type CallOptions,
  type CallWithMetadata,
  type ClientMiddleware,
  Code,
  codeName,
  pull,
  RpcError,
  type ServerCall,
  withCall,
} from '../../lib/index.ts';
import { concatMap } from '../../lib/operators.ts';
import { inAllShapes, type LabClient, type LabHandler, overEachTransport } from '../support/bench.ts';
import { deferred } from '../support/deferred.ts';
import { type Note, type Shape, shapes } from '../support/lab.ts';
import { type Recording, record, thrownBy } from '../support/record.ts';
import { settled } from '../support/settled.ts';

const note: Note = { n: 1 };

type LabRpc = (request$: Observable<Note>, options?: CallOptions | ServerCall) => Observable<Note>;

function withLab(client: LabClient, shape: Shape, request$: Observable<Note>, options?: CallOptions | ServerCall) {
  return withCall(client[shape] as LabRpc, request$, options);
}

/** Subscriptions from before the call. */
interface Listening {
  readonly headers: Recording<Metadata>;
  readonly trailers: Recording<Metadata>;
  readonly status: Recording<{ readonly code: Code; readonly details: string; readonly metadata: Metadata }>;
}

function listen({ headers$, trailers$, status$ }: CallWithMetadata<Note>): Listening {
  return { headers: record(headers$), trailers: record(trailers$), status: record(status$) };
}

/** The values of the first subscription, and of a second one made now. */
async function told(call: CallWithMetadata<Note>, early: Listening) {
  const all = [];
  for (const { headers, trailers, status } of [early, listen(call)]) {
    for (const { ending } of [headers, trailers, status]) expect(await ending).to.deep.equal({});
    all.push({
      headers: headers.values.map(metadata => metadata.get('h').join()),
      trailers: trailers.values.map(metadata => metadata.get('t').join()),
      status: status.values.map(({ code, details, metadata }) => [codeName(code), details, metadata.get('t').join()]),
    });
  }
  const [first, late] = all;
  expect(late).to.deep.equal({ ...first, headers: first!.headers.slice(-1) });
  return first!;
}

/** Sends a header and a trailer, and ends with the given outcome. */
const answering =
  (answer: (request$: Observable<Note>) => Observable<Note>): LabHandler =>
  (request$, call) => {
    call.sendHeaders({ h: 'head' });
    call.trailers.set('t', 'trail');
    return answer(request$);
  };

overEachTransport('withCall', bench => {
  for (const shape of shapes) {
    it(`emits headers, trailers and status of a call that succeeds: ${shape}`, async () => {
      const { client } = await bench.run(inAllShapes(answering(request$ => request$)));
      const call = withLab(client, shape, of(note));
      const early = listen(call);
      expect(early.status.values).to.deep.equal([]);
      const response = record(call.response$);
      expect(await response.ending).to.deep.equal({});
      expect(response.values).to.deep.equal([note]);
      expect(await told(call, early)).to.deep.equal({
        headers: ['head'],
        trailers: ['trail'],
        status: [['OK', '', 'trail']],
      });
    });

    it(`emits them for a call that ends with an error: ${shape}`, async () => {
      const failure = () => new RpcError(Code.NOT_FOUND, 'no', { metadata: { t: 'of the error' } });
      const { client } = await bench.run(
        inAllShapes((_, call) => {
          call.sendHeaders({ h: 'head' });
          return throwError(failure);
        }),
      );
      const call = withLab(client, shape, of(note));
      const early = listen(call);
      expect((await record(call.response$).ending).error).to.include({ code: Code.NOT_FOUND });
      expect(await told(call, early)).to.deep.equal({
        headers: ['head'],
        trailers: ['of the error'],
        status: [['NOT_FOUND', 'no', 'of the error']],
      });
    });

    it(`emits no headers for an error that comes without: ${shape}`, async () => {
      const { client } = await bench.run(inAllShapes(() => throwError(() => new RpcError(Code.NOT_FOUND, 'no'))));
      const call = withLab(client, shape, of(note));
      const early = listen(call);
      await record(call.response$).ending;
      expect(await told(call, early)).to.deep.equal({ headers: [], trailers: [''], status: [['NOT_FOUND', 'no', '']] });
    });

    it(`emits CANCELLED when the call is unsubscribed before its headers: ${shape}`, async () => {
      const started = deferred();
      const cancelled = deferred();
      const { client } = await bench.run(
        inAllShapes((_, call) => {
          call.signal.addEventListener('abort', () => cancelled.resolve());
          started.resolve();
          return NEVER;
        }),
      );
      const call = withLab(client, shape, of(note));
      const early = listen(call);
      const { subscription } = record(call.response$);
      await started.promise;
      subscription.unsubscribe();
      await cancelled.promise;
      const status = [['CANCELLED', 'unsubscribed from', '']];
      expect(await told(call, early)).to.deep.equal({ headers: [], trailers: [], status });
    });

    it(`emits the headers at once, then CANCELLED when the call is unsubscribed after them: ${shape}`, async () => {
      const { client } = await bench.run(inAllShapes(answering(() => NEVER)));
      const call = withLab(client, shape, of(note));
      const early = listen(call);
      const { subscription } = record(call.response$);
      expect((await firstValueFrom(call.headers$)).get('h')).to.deep.equal(['head']);
      expect(early.status.values).to.deep.equal([]);
      subscription.unsubscribe();
      const status = [['CANCELLED', 'unsubscribed from', '']];
      expect(await told(call, early)).to.deep.equal({ headers: ['head'], trailers: [], status });
    });

    it(`emits CANCELLED when request$ fails; response$ passes the original error on: ${shape}`, async () => {
      const { client } = await bench.run(inAllShapes(answering(() => NEVER)));
      const failure = new Error('mine');
      const call = withLab(
        client,
        shape,
        throwError(() => failure),
      );
      const early = listen(call);
      expect(await record(call.response$).ending).to.deep.equal({ error: failure });
      const { status, trailers } = await told(call, early);
      expect([status, trailers]).to.deep.equal([[['CANCELLED', 'cancelled by an error on this side', '']], []]);
    });

    it(`makes one call: a second subscription is an error, and subscribing to the others makes none: ${shape}`, async () => {
      let calls = 0;
      const { client } = await bench.run(
        inAllShapes(
          answering(request$ => {
            calls++;
            return request$;
          }),
        ),
      );
      const call = withLab(client, shape, of(note));
      const early = listen(call);
      expect(await settled(() => calls)).to.equal(0);
      const [first, second] = [record(call.response$), record(call.response$)];
      expect(String((await second.ending).error)).to.match(/subscribed to once/);
      expect(await first.ending).to.deep.equal({});
      expect((await told(call, early)).status).to.deep.equal([['OK', '', 'trail']]);
      expect(calls).to.equal(1);
      const again$ = defer(() => withLab(client, shape, of(note)).response$);
      for (let i = 0; i < 2; i++) expect((await record(again$).ending).error).to.equal(undefined);
      expect(calls).to.equal(3);
    });

    it(`also calls onHeaders and onTrailers of its options: ${shape}`, async () => {
      const { client } = await bench.run(inAllShapes(answering(request$ => request$)));
      const seen: string[] = [];
      const call = withLab(client, shape, of(note), {
        onHeaders: headers => seen.push(headers.get('h').join()),
        onTrailers: trailers => seen.push(trailers.get('t').join()),
      });
      await record(call.response$).ending;
      expect(seen).to.deep.equal(['head', 'trail']);
    });
  }

  for (const shape of ['unary', 'clientStream'] as const) {
    it(`emits OK for a single response, though its reader unsubscribes as it takes it: ${shape}`, async () => {
      const { client } = await bench.run(inAllShapes(answering(request$ => request$)));
      const call = withLab(client, shape, of(note));
      const early = listen(call);
      expect(await firstValueFrom(call.response$)).to.deep.equal(note);
      expect(await told(call, early)).to.deep.equal({
        headers: ['head'],
        trailers: ['trail'],
        status: [['OK', '', 'trail']],
      });
    });
  }

  for (const shape of ['serverStream', 'bidi'] as const) {
    it(`emits CANCELLED when its reader stops a stream early: ${shape}`, async () => {
      const { client } = await bench.run(inAllShapes(answering(() => concat(of(note), NEVER))));
      const call = withLab(client, shape, of(note));
      const early = listen(call);
      expect(await record(call.response$.pipe(take(1))).ending).to.deep.equal({});
      expect((await told(call, early)).status).to.deep.equal([['CANCELLED', 'unsubscribed from', '']]);
    });
  }

  it('emits the status without trailers when the call is cut short on this side', async () => {
    const { client } = await bench.run(inAllShapes(answering(() => NEVER)));
    const controller = new AbortController();
    const call = withLab(client, 'bidi', NEVER, { signal: controller.signal });
    const early = listen(call);
    const { ending } = record(call.response$);
    await firstValueFrom(call.headers$);
    controller.abort();
    await ending;
    const status = [['CANCELLED', 'cancelled by its signal', '']];
    expect(await told(call, early)).to.deep.equal({ headers: ['head'], trailers: [], status });
  });

  for (const shape of shapes) {
    it(`emits each attempt's headers and the last trailers behind middleware that repeats the call: ${shape}`, async () => {
      let attempt = 0;
      const { client } = await bench.run(
        inAllShapes((request$, call) => {
          attempt++;
          call.sendHeaders({ h: `head ${attempt}` });
          call.trailers.set('t', `trail ${attempt}`);
          return attempt < 3 ? throwError(() => new RpcError(Code.UNAVAILABLE, 'not yet')) : request$;
        }),
        {},
        {
          middleware: [
            rpc => (request$, options) => rpc(request$, options).pipe(retry(5)),
          ] satisfies ClientMiddleware[],
        },
      );
      const call = withLab(client, shape, of(note));
      const early = listen(call);
      const { values, ending } = record(call.response$);
      expect(await ending).to.deep.equal({});
      expect(values).to.deep.equal([note]);
      expect(await told(call, early)).to.deep.equal({
        headers: ['head 1', 'head 2', 'head 3'],
        trailers: ['trail 3'],
        status: [['OK', '', 'trail 3']],
      });
    });
  }

  it('emits nothing of the attempts before the one that was unsubscribed', async () => {
    let attempt = 0;
    const started = deferred();
    const { client } = await bench.run(
      inAllShapes((_, call) => {
        call.trailers.set('t', 'first');
        if (++attempt === 1) return throwError(() => new RpcError(Code.UNAVAILABLE, 'not yet'));
        started.resolve();
        return NEVER;
      }),
      {},
      {
        middleware: [rpc => (request$, options) => rpc(request$, options).pipe(retry(1))] satisfies ClientMiddleware[],
      },
    );
    const call = withLab(client, 'bidi', of(note));
    const early = listen(call);
    const { subscription } = record(call.response$);
    await started.promise;
    subscription.unsubscribe();
    expect(await told(call, early)).to.deep.equal({
      headers: [],
      trailers: [],
      status: [['CANCELLED', 'unsubscribed from', '']],
    });
  });

  it('ignores the trailers of an earlier attempt when the reader stops a later one early', async () => {
    let attempt = 0;
    const { client } = await bench.run(
      inAllShapes((_, call) => {
        call.trailers.set('t', 'first');
        return ++attempt === 1 ? throwError(() => new RpcError(Code.UNAVAILABLE, 'not yet')) : concat(of(note), NEVER);
      }),
      {},
      {
        middleware: [rpc => (request$, options) => rpc(request$, options).pipe(retry(1))] satisfies ClientMiddleware[],
      },
    );
    const call = withLab(client, 'bidi', of(note));
    const early = listen(call);
    expect(await firstValueFrom(call.response$)).to.deep.equal(note);
    expect(await told(call, early)).to.deep.equal({
      headers: [''],
      trailers: [],
      status: [['CANCELLED', 'unsubscribed from', '']],
    });
  });

  it('preserves backpressure: a full reader stops the producer', async () => {
    let produced = 0;
    const { client } = await bench.run({
      serverStream: () =>
        pull(
          (function* () {
            for (;;) yield { n: produced++, text: 'x'.repeat(32_768) };
          })(),
        ),
    });
    const go = deferred();
    const { response$ } = withCall(client.serverStream, note);
    const { subscription, received } = record(response$.pipe(concatMap(one => go.promise.then(() => one))));
    const stopped = await settled(() => produced);
    expect(stopped).to.be.lessThan(200);
    go.resolve();
    expect((await received(300)).map(({ n }) => n)).to.deep.equal(Array.from({ length: 300 }, (_, n) => n));
    subscription.unsubscribe();
  });

  it('accepts a plain request, and a ServerCall as its options', async () => {
    const deadlines: (Date | undefined)[] = [];
    const far = await bench.run(
      inAllShapes((request$, call) => {
        deadlines.push(call.deadline);
        return request$;
      }),
    );
    const near = await bench.run(
      inAllShapes((_, call) => withCall(far.client.unary, note, call).response$.pipe(map(one => one))),
    );
    expect(await firstValueFrom(near.client.unary({ n: 5 }, { timeoutMs: 60_000 }))).to.deep.equal(note);
    expect(deadlines[0]).to.be.instanceOf(Date);
  });

  it('refuses at once what is no method, and arguments that the method refuses', async () => {
    const { client } = await bench.run({});
    expect(thrownBy(() => withCall({} as never, note)).message).to.match(/withCall: expected a method of a client/);
    expect(thrownBy(() => withCall(client.unary, note, { timeoutMs: -1 })).message).to.match(/timeoutMs/);
    expect(thrownBy(() => withCall(client.bidi, note as never)).message).to.match(/Observable of requests/);
    expect(thrownBy(() => withCall(client.unary, note, { onHeaders: 5 } as never)).message).to.match(/onHeaders/);
    for (const options of [null, 'x', []]) {
      expect(thrownBy(() => withCall(client.unary, note, options as never)).message).to.match(/plain object/);
    }
    expect(thrownBy(() => withCall(client.unary, note, 5 as never)).message).to.match(/got number 5/);
  });
});
