import { Metadata } from '@grpc/grpc-js';
import { expect } from 'chai';
import { concat, NEVER, Observable, of, throwError } from 'rxjs';
import { Code, RpcError } from '../../lib/status.ts';
import { callOf, inAllShapes, useBench } from '../support/bench.ts';
import { deferred } from '../support/deferred.ts';
import { type Note, shapes } from '../support/lab.ts';
import { rawCall } from '../support/raw-call.ts';
import { errorOf, record, thrownBy } from '../support/record.ts';

const note: Note = { n: 1 };

describe('An internal error of a handler', () => {
  const bench = useBench();
  const secret = Object.assign(new Error('password=123'), {
    code: 5,
    details: 'password=123',
    metadata: new Metadata(),
  });

  for (const shape of shapes) {
    it(`shows nothing of itself on the wire, and onError hears the original once: ${shape}`, async () => {
      for (const handler of [
        () => throwError(() => secret),
        () => {
          throw secret;
        },
        async () => {
          throw secret;
        },
      ]) {
        const { client, server, hidden } = await bench.run(inAllShapes(handler));
        const error = await errorOf(callOf(client, shape, of(note)));
        expect(error).to.include({ code: Code.UNKNOWN, details: 'unknown error' });
        expect(hidden).to.deep.equal([secret]);
        const raw = rawCall(server, error.path);
        raw.send(note);
        const { trailers } = await raw.finish();
        raw.close();
        expect(JSON.stringify(trailers)).to.not.include('password');
      }
    });
  }

  it('comes to onError with its call', async () => {
    const told = deferred<[unknown, string]>();
    const { client } = await bench.run(
      inAllShapes(() => throwError(() => secret)),
      { onError: (error, call) => told.resolve([error, call.path]) },
    );
    await errorOf(client.bidi(NEVER));
    expect(await told.promise).to.deep.equal([secret, '/lab.Lab/Bidi']);
  });

  it('that is no Error at all is hidden just so', async () => {
    for (const thrown of [undefined, null, 'text', 5, { code: 3, details: 'x' }]) {
      const { client, hidden } = await bench.run(inAllShapes(() => throwError(() => thrown)));
      expect(await errorOf(client.unary(note))).to.include({ code: Code.UNKNOWN, details: 'unknown error' });
      expect(hidden).to.deep.equal([thrown]);
    }
  });

  for (const [how, onError] of [
    [
      'throws',
      () => {
        throw new Error('hook');
      },
    ],
    [
      'rejects',
      async () => {
        throw new Error('hook');
      },
    ],
  ] as const) {
    // biome-ignore format: a table
    it(`is printed, with that of onError, when onError ${how}; the call ends all the same`, async () => {
      const printed: unknown[][] = [];
      const original = console.error;
      const both = deferred();
      console.error = (...args: unknown[]) => {
        printed.push(args);
        if (printed.length === 2) both.resolve();
      };
      try {
        const { client } = await bench.run(
          inAllShapes(() => throwError(() => secret)),
          { onError },
        );
        expect(await errorOf(client.unary(note))).to.include({ code: Code.UNKNOWN });
        await both.promise;
      } finally {
        console.error = original;
      }
      expect(printed.flat()).to.include(secret);
      expect(printed.flat().map(String)).to.include('Error: hook');
    });
  }
});

describe('Details', () => {
  const bench = useBench();

  for (const [name, details, arrives = details] of [
    ['that are empty', ''],
    ['with letters beyond ASCII', 'Größe ≠ 身長 😀'],
    ['with newlines, percent and control characters', 'a\nb\r\nc\t%20%zz\u0000'],
    ['with half of a surrogate pair', 'a\ud800b', 'a\ufffdb'],
    ['of a million characters', '€'.repeat(1_000_000), undefined],
  ] as const) {
    it(`${name} arrive, and the call ends`, async () => {
      const { client } = await bench.run(
        inAllShapes(request$ =>
          concat(
            request$,
            throwError(() => new RpcError(Code.ABORTED, details)),
          ),
        ),
      );
      for (const shape of shapes) {
        const error = await errorOf(callOf(client, shape, of(note)));
        expect(error.code).to.equal(Code.ABORTED);
        if (details.length < 1000) expect(error.details).to.equal(arrives);
        else expect(error.details.length).to.be.within(500, 1000);
      }
    });
  }
});

describe('Headers and trailers', () => {
  const bench = useBench();
  const unfit: [string, string[]][] = [['connection', ['close']], ['te', ['x']], ['date', ['a', 'b']], ['grpc-status', ['0']], ['large', ['x'.repeat(100_000)]]]; // biome-ignore format: a list

  for (const [key, values] of unfit) {
    it(`that cannot be sent end the call with an error, where they would hang it or end the process: ${key}`, async () => {
      const { client, hidden } = await bench.run({
        unary: (request$, call) => {
          for (const value of values) call.trailers.add(key, value);
          return request$;
        },
        serverStream: (request$, call) => {
          call.sendHeaders({ [key]: values });
          return request$;
        },
        clientStream: (_, call) => {
          for (const value of values) call.trailers.add(key, value);
          const metadata = call.trailers.clone();
          metadata.set('good', 'one');
          return throwError(() => new RpcError(Code.ABORTED, 'x', { metadata }));
        },
      });
      expect(await errorOf(client.unary(note))).to.include({ code: Code.UNKNOWN });
      expect(await errorOf(client.serverStream(note))).to.include({ code: Code.UNKNOWN });
      expect(hidden.map(error => (error as Error).message.startsWith('metadata: '))).to.deep.equal([true, true]);
      const failed = await errorOf(client.clientStream(NEVER));
      expect(failed).to.include({ code: Code.ABORTED, details: 'x' });
      expect(failed.metadata.get('good')).to.deep.equal(['one']);
      const ours = thrownBy(() => client.unary(note, { metadata: { [key]: values } }));
      expect(ours.message).to.match(/^metadata: /);
    });
  }

  it('may be sent before any response; twice, or after the first response, is an error for the handler', async () => {
    const thrown: unknown[] = [];
    const { client } = await bench.run({
      serverStream: (_, call) =>
        new Observable<Note>(response => {
          const tryTo = (headers: Record<string, string>) => {
            try {
              call.sendHeaders(headers);
            } catch (error) {
              thrown.push(error);
            }
          };
          tryTo({ 'x-bin': 'no bytes' });
          tryTo({ a: '1' });
          tryTo({ a: '2' });
          response.next(note);
          tryTo({ a: '3' });
          response.complete();
        }),
      bidi: (_, call) =>
        new Observable<Note>(response => {
          response.next(note);
          try {
            call.sendHeaders({});
          } catch (error) {
            thrown.push(error);
          }
          response.complete();
        }),
    });
    const headers: unknown[] = [];
    expect(
      (await record(client.serverStream(note, { onHeaders: h => headers.push(h.get('a')) })).ending).error,
    ).to.equal(undefined);
    await record(client.bidi(NEVER)).ending;
    expect(headers).to.deep.equal([['1']]);
    expect(thrown.map(error => /sent already|metadata/.exec(String(error))?.[0])).to.deep.equal([
      'metadata',
      'sent already',
      'sent already',
      'sent already',
    ]);
  });
});
