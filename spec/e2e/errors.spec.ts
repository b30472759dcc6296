import { Metadata } from '@grpc/grpc-js';
import { expect } from 'chai';
import { concat, NEVER, Observable, of, throwError } from 'rxjs';
import { Code, connect, implement, isRpcError, RpcError, richDetail, serve } from '../../lib/index.ts';
import { callOf, inAllShapes, useBench } from '../support/bench.ts';
import { deferred } from '../support/deferred.ts';
import { decodeStatus, encodeStatus } from '../support/google-rpc.ts';
import { Lab, type Note, shapes } from '../support/lab.ts';
import { plainCall } from '../support/plain.ts';
import { metadataOf, plainFailure, serviceErrorOf, told } from '../support/plain-failure.ts';
import { rawCall } from '../support/raw-call.ts';
import { errorOf, record, thrownBy } from '../support/record.ts';

const note: Note = { n: 1 };
const key = 'grpc-status-details-bin';

describe('An internal error of a handler', () => {
  const bench = useBench();
  const secret = Object.assign(new Error('password=123'), {
    code: 5,
    details: 'password=123',
    metadata: new Metadata(),
  });

  for (const shape of shapes) {
    it(`reveals nothing on the wire, and onError gets the original once: ${shape}`, async () => {
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

  it('reaches onError together with its call', async () => {
    const told = deferred<[unknown, string]>();
    const { client } = await bench.run(
      inAllShapes(() => throwError(() => secret)),
      { onError: (error, call) => told.resolve([error, call.path]) },
    );
    await errorOf(client.bidi(NEVER));
    expect(await told.promise).to.deep.equal([secret, '/lab.Lab/Bidi']);
  });

  it('that is no Error is hidden in the same way', async () => {
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
    it(`is printed together with the error of onError when onError ${how}; the call still ends`, async () => {
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
    it(`that cannot be sent end the call with an error, without a hang or the end of the process: ${key}`, async () => {
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

  it('may be sent before any response; a second time, or after the first response, is an error in the handler', async () => {
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

describe('An error that crosses the wire', () => {
  const bench = useBench();
  const cause = new Error('cause-secret', { cause: { deep: 'deep-secret' } });
  const inner = (): Error =>
    Object.assign(new Error('message-secret', { cause }), {
      code: Code.NOT_FOUND,
      metadata: metadataOf({ 'x-secret': 'metadata-secret', [key]: Buffer.from('rich-secret') }),
      extra: 'property-secret',
    });
  const unsaid = /secret|errors\.spec|node_modules|\bat |Error/;

  for (const shape of shapes) {
    it(`reveals nothing of an internal error: no message, stack, cause, metadata or properties: ${shape}`, async () => {
      for (const error of [inner(), new AggregateError([inner()], 'aggregate-secret'), new TypeError('type-secret')]) {
        const { server, hidden } = await bench.run(inAllShapes(() => throwError(() => error)));
        const seen = await plainCall(server.target.replace('http://', ''), shape, [note]);
        expect(seen.status).to.include({ code: Code.UNKNOWN, details: 'unknown error' });
        expect(told(seen)).to.not.match(unsaid);
        expect(hidden).to.deep.equal([error]);
      }
    });

    it(`carries code, text and metadata of an RpcError, but no stack, cause, path or properties: ${shape}`, async () => {
      const error = Object.assign(
        new RpcError(Code.ABORTED, 'text', { cause, path: '/secret.S/M', metadata: { 'x-mine': 'm' } }),
        { extra: 'property-secret' },
      );
      const { server, hidden } = await bench.run(inAllShapes(() => throwError(() => error)));
      const seen = await plainCall(server.target.replace('http://', ''), shape, [note]);
      expect(seen.status).to.include({ code: Code.ABORTED, details: 'text' });
      expect(seen.status.metadata.get('x-mine')).to.deep.equal(['m']);
      expect(told(seen)).to.not.match(unsaid);
      expect(hidden).to.deep.equal([]);
    });
  }

  const behind = () =>
    plainFailure({
      code: Code.NOT_FOUND,
      details: 'text-secret',
      metadata: metadataOf({
        'x-secret': 'metadata-secret',
        [key]: encodeStatus(Code.NOT_FOUND, 'text-secret', [['google.rpc.ErrorInfo', { reason: 'SECRET' }]]),
      }),
    });

  for (const by of ['plain grpc-js', 'a client of ours']) {
    it(`reveals nothing of an error received from another server by ${by}, unless RpcError.from rethrows it`, async () => {
      const other = await behind();
      bench.onEnd(other.stop);
      const client = connect(Lab, other.target);
      bench.onEnd(() => client[Symbol.dispose]());
      const call = async (): Promise<never> => {
        throw by === 'plain grpc-js' ? await serviceErrorOf(other.target) : await errorOf(client.bidi(of(note)));
      };
      const { server, hidden } = await bench.run({
        ...inAllShapes(call),
        clientStream: () =>
          call().catch(error => {
            throw RpcError.from(error);
          }),
      });
      for (const shape of shapes) {
        const seen = await plainCall(server.target.replace('http://', ''), shape, [note]);
        if (shape !== 'clientStream') {
          expect(seen.status).to.include({ code: Code.UNKNOWN, details: 'unknown error' });
          expect(told(seen)).to.not.match(/secret/i);
        } else {
          expect(seen.status).to.include({ code: Code.NOT_FOUND, details: 'text-secret' });
          expect(seen.status.metadata.get('x-secret')).to.deep.equal(['metadata-secret']);
          const [bytes, ...rest] = seen.status.metadata.get(key);
          expect(rest).to.deep.equal([]);
          expect(decodeStatus(bytes as Buffer)).to.deep.equal({
            code: Code.NOT_FOUND,
            message: 'text-secret',
            details: [['type.googleapis.com/google.rpc.ErrorInfo', { reason: 'SECRET' }]],
          });
          for (const [name, values] of Object.entries(seen.status.metadata.toJSON())) {
            expect(values, name).to.have.length(1);
          }
        }
      }
      expect(hidden).to.have.length(3);
      expect(hidden.every(error => isRpcError(error, Code.NOT_FOUND))).to.equal(true);
    });
  }

  it('carries code, text and rich details of a received error when the implementation is a client, and nothing else', async () => {
    const other = await behind();
    bench.onEnd(other.stop);
    const client = connect(Lab, other.target);
    bench.onEnd(() => client[Symbol.dispose]());
    const proxy = await serve('http://127.0.0.1:0', implement(Lab, client));
    bench.onEnd(() => proxy.shutdown({ graceMs: 0 }));
    for (const shape of shapes) {
      const { status } = await plainCall(proxy.target.replace('http://', ''), shape, [note]);
      expect(status).to.include({ code: Code.NOT_FOUND, details: 'text-secret' });
      expect(status.metadata.get('x-secret')).to.deep.equal([]);
      expect(richDetail(status, 'errorInfo')?.reason).to.equal('SECRET');
    }
  });
});
