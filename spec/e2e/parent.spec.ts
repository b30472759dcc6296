import { Metadata } from '@grpc/grpc-js';
import { expect } from 'chai';
import { concat, NEVER, Observable, of, throwError } from 'rxjs';
import { Code, close, isRpcError, RpcError } from '../../lib/index.ts';
import {
  type AnyBench,
  type AnyServer,
  callOf,
  inAllShapes,
  type LabClient,
  type LabHandler,
  overEachTransport,
  type Running,
} from '../support/bench.ts';
import { deferred } from '../support/deferred.ts';
import { Lab, type Note, shapes } from '../support/lab.ts';
import { errorOf, record } from '../support/record.ts';

const note: Note = { n: 1 };

/** A server behind a server: the handlers of the front server get a client of the back server. */
async function chain(
  bench: AnyBench,
  back: LabHandler,
  front: (client: LabClient, ...of: Parameters<LabHandler>) => any,
): Promise<Running<AnyServer>> {
  const behind = await bench.run(inAllShapes(back));
  return bench.run(inAllShapes((request$, call) => front(behind.client, request$, call)));
}

overEachTransport('A call made on behalf of another', bench => {
  for (const given of ['the ServerCall as options', '{ parent }']) {
    it(`inherits its deadline and not its metadata: ${given}`, async () => {
      const seen = deferred<{ deadline: Date | undefined; metadata: Metadata }>();
      const { client } = await chain(
        bench,
        (request$, call) => {
          seen.resolve(call);
          return request$;
        },
        (next, request$, call) => next.bidi(request$, given.startsWith('{') ? { parent: call } : call),
      );
      const deadline = new Date(Date.now() + 60_000);
      await record(client.bidi(of(note), { deadline, metadata: { secret: 'mine' } })).ending;
      const { deadline: inner, metadata } = await seen.promise;
      expect(inner!.getTime()).to.be.closeTo(deadline.getTime(), 1000);
      expect(metadata.get('secret')).to.deep.equal([]);
    });
  }

  it("keeps the earlier of its own deadline and its parent's", async () => {
    const seen: number[] = [];
    const { client } = await chain(
      bench,
      (request$, call) => {
        seen.push(call.deadline!.getTime() - Date.now());
        return request$;
      },
      (next, request$, parent) => next.bidi(request$, { parent, timeoutMs: 30_000 }),
    );
    await record(client.bidi(of(note), { timeoutMs: 60_000 })).ending;
    await record(client.bidi(of(note), { timeoutMs: 10_000 })).ending;
    expect(seen[0]).to.be.within(20_000, 31_000);
    expect(seen[1]).to.be.within(5_000, 11_000);
  });

  for (const shape of shapes) {
    it(`is cancelled with it, and no error is reported: ${shape}`, async () => {
      const started = deferred();
      const aborted = deferred();
      const front = await chain(
        bench,
        (_, call) => {
          call.signal.addEventListener('abort', () => aborted.resolve());
          started.resolve();
          return NEVER;
        },
        (next, request$, call) => callOf(next, shape, request$, call),
      );
      const { subscription } = record(callOf(front.client, shape, of(note)));
      await started.promise;
      subscription.unsubscribe();
      await aborted.promise;
      await front.server.shutdown();
      expect(front.hidden).to.deep.equal([]);
    });
  }

  it('is cancelled with it even when response$ does not depend on the inner call', async () => {
    const started = deferred();
    const child = deferred<unknown>();
    const { client } = await chain(
      bench,
      () => {
        started.resolve();
        return NEVER;
      },
      (next, _, call) => {
        child.resolve(errorOf(next.bidi(NEVER, call)));
        return NEVER;
      },
    );
    const { subscription } = record(client.unary(note));
    await started.promise;
    subscription.unsubscribe();
    expect(await child.promise).to.include({ code: Code.CANCELLED, details: 'cancelled by its parent call' });
  });

  it('through a closed client fails, and the caller sees it as any error of another call: hidden', async () => {
    const { client, hidden } = await chain(
      bench,
      request$ => request$,
      (next, request$) => {
        close(next);
        return next.bidi(request$);
      },
    );
    expect(await errorOf(client.bidi(of(note)))).to.include({ code: Code.UNKNOWN });
    expect(isRpcError(hidden[0], Code.CANCELLED)).to.equal(true);
  });

  it('that is made after the cancellation is cancelled at once', async () => {
    const result = deferred<unknown>();
    const started = deferred();
    const { client } = await chain(
      bench,
      () => NEVER,
      (next, _, call) =>
        new Observable(() => {
          started.resolve();
          return () => result.resolve(errorOf(next.unary(note, call)));
        }),
    );
    const { subscription } = record(client.unary(note));
    await started.promise;
    subscription.unsubscribe();
    expect(isRpcError(await result.promise, Code.CANCELLED)).to.equal(true);
  });

  it("reveals its error to the parent's caller only when RpcError.from rethrows it", async () => {
    const failing: LabHandler = () => throwError(() => new RpcError(Code.NOT_FOUND, 'inner secret'));
    const hiding = await chain(bench, failing, (next, request$, call) => next.bidi(request$, call));
    const error = await errorOf(hiding.client.bidi(of(note)));
    expect(error).to.include({ code: Code.UNKNOWN });
    expect(JSON.stringify([error.message, error.metadata])).to.not.include('secret');
    expect(isRpcError(hiding.hidden[0], Code.NOT_FOUND)).to.equal(true);

    const showing = await chain(
      bench,
      failing,
      (next, request$, call) =>
        new Observable(output =>
          next.bidi(request$, call).subscribe({ error: inner => output.error(RpcError.from(inner)) }),
        ),
    );
    expect(await errorOf(showing.client.bidi(of(note)))).to.include({ code: Code.NOT_FOUND, details: 'inner secret' });
    expect(showing.hidden).to.deep.equal([]);
  });
});

overEachTransport('A client as implementation', bench => {
  async function proxy(back: LabHandler): Promise<LabClient> {
    const behind = await bench.run(inAllShapes(back));
    return (await bench.run(behind.client)).client;
  }

  for (const shape of shapes) {
    it(`passes messages, code, details and rich details through, and no other trailers: ${shape}`, async () => {
      const metadata = new Metadata();
      metadata.set('grpc-status-details-bin', Buffer.from('rich'));
      metadata.set('internal', 'secret');
      const client = await proxy(request$ =>
        concat(
          request$,
          throwError(() => new RpcError(Code.ABORTED, 'x', { metadata })),
        ),
      );
      const { values, ending } = record(callOf(client, shape, of(note)));
      const error = (await ending).error as RpcError;
      expect(error).to.include({ code: Code.ABORTED, details: 'x' });
      expect(error.metadata.get('grpc-status-details-bin')).to.deep.equal([Buffer.from('rich')]);
      expect(error.metadata.get('internal')).to.deep.equal([]);
      expect(values).to.deep.equal(Lab[shape].responseStream ? [note] : []);
      const good = await proxy(request$ => request$);
      expect((await record(callOf(good, shape, of(note))).ending).error).to.equal(undefined);
    });
  }
});
