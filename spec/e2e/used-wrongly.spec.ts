import { AsyncLocalStorage } from 'node:async_hooks';
import { inspect } from 'node:util';
import { Metadata } from '@grpc/grpc-js';
import { expect } from 'chai';
import { defer, lastValueFrom, map, NEVER, type Observable, of, toArray } from 'rxjs';
import {
  type ClientMiddleware,
  Code,
  close,
  RpcError,
  retryInfo,
  type ServerMiddleware,
  withMetadata,
} from '../../lib/index.ts';
import { callOf, inAllShapes, useBench } from '../support/bench.ts';
import { type Note, shapes } from '../support/lab.ts';
import { errorOf, record } from '../support/record.ts';

describe('A handler', () => {
  const bench = useBench();

  it('may be an async function that returns an Observable', async () => {
    const { client } = await bench.run(
      inAllShapes(async (request$: Observable<Note>) => request$.pipe(map(({ n }) => ({ n: n + 1 })))),
    );
    for (const shape of shapes) {
      expect(await lastValueFrom(callOf(client, shape, of({ n: 1 })).pipe(toArray()))).to.deep.equal([{ n: 2 }]);
    }
  });

  it('that returns no stream gets an error that names its path and what was expected', async () => {
    const { client, hidden } = await bench.run(inAllShapes(() => ({ n: 1 }) as never));
    expect(await errorOf(client.unary({ n: 1 }))).to.include({ code: Code.UNKNOWN });
    expect(String(hidden[0])).to.match(
      /TypeError: \/lab\.Lab\/Unary: expected the handler to return an Observable, a promise or an iterable .*, got an object/,
    );
  });

  it('ends its call with any error, even one that throws when it is read', async () => {
    const odd = [
      Object.defineProperty(new RpcError(Code.NOT_FOUND, 'x'), 'metadata', { value: undefined }),
      Object.defineProperty(new RpcError(Code.NOT_FOUND, 'x'), 'details', { value: { what: 'user' } }),
      Object.defineProperty(new RpcError(Code.NOT_FOUND, 'x'), 'code', { value: 99 }),
      Object.defineProperty(new RpcError(Code.NOT_FOUND, 'x'), 'details', {
        get: () => {
          throw new Error('no');
        },
      }),
    ];
    const { client, hidden } = await bench.run(
      inAllShapes((request$: Observable<Note>) =>
        request$.pipe(
          map(({ n }) => {
            throw odd[n];
          }),
        ),
      ),
    );
    for (const n of odd.keys()) {
      expect(await errorOf(client.unary({ n }))).to.include({ code: Code.UNKNOWN, details: 'unknown error' });
    }
    expect(hidden).to.deep.equal(odd);
  });
});

describe('Middleware', () => {
  const bench = useBench();

  it('on a server that spreads the call gets an error that says to pass it on unchanged', async () => {
    const spreads: ServerMiddleware = rpc => (request$, call) => rpc(request$, { ...call });
    const { client, hidden } = await bench.run(
      inAllShapes(request$ => request$),
      { middleware: [spreads] },
    );
    await errorOf(client.unary({ n: 1 }));
    expect(String(hidden[0])).to.include('pass on the call as it was given it');
  });

  it('that delays a call does not keep it from ending when its client is closed', async () => {
    let waits = 0;
    const waiting: ClientMiddleware = () => () => {
      waits++;
      return NEVER;
    };
    const { client } = await bench.run(
      inAllShapes(request$ => request$),
      {},
      { middleware: [waiting] },
    );
    const endings = shapes.map(shape => errorOf(callOf(client, shape, of({ n: 1 }))));
    expect(waits).to.equal(4);
    close(client);
    for (const error of await Promise.all(endings)) {
      expect(error).to.include({ code: Code.CANCELLED, details: 'the client was closed' });
    }
    expect(await errorOf(client.unary({ n: 1 }))).to.include({ details: 'the client is closed' });
    expect(waits).to.equal(4);
  });

  it('may set an AsyncLocalStorage around the RPC, on both sides, also for the middleware after it', async () => {
    const storage = new AsyncLocalStorage<string>();
    const seen: unknown[] = [];
    const sets =
      (store: string): ServerMiddleware & ClientMiddleware =>
      (rpc: any) =>
      (request$: any, call: any) =>
        storage.run(store, () => rpc(request$, call));
    const looks: ServerMiddleware & ClientMiddleware = (rpc: any) => (request$: any, call: any) =>
      defer(() => {
        seen.push(storage.getStore());
        return rpc(request$, call) as Observable<Note>;
      });
    const { client } = await bench.run(
      inAllShapes(request$ => request$),
      { middleware: [sets('server'), looks] },
      { middleware: [sets('client'), looks] },
    );
    await record(client.bidi(of({ n: 1 }))).ending;
    expect(seen).to.deep.equal(['client', 'server']);
  });

  it('adds metadata to existing metadata of any form', async () => {
    const adds: ClientMiddleware = rpc => (request$, call) => rpc(request$, withMetadata(call, { id: 'added' }));
    const heard: unknown[] = [];
    const { client } = await bench.run(
      inAllShapes((request$, call) => {
        heard.push([call.metadata.get('id'), call.metadata.get('kept')]);
        return request$;
      }),
      {},
      { middleware: [adds] },
    );
    const metadata = new Metadata();
    metadata.set('kept', 'yes');
    metadata.set('id', 'own');
    for (const given of [undefined, { kept: 'yes', id: 'own' }, metadata]) {
      await record(client.unary({ n: 1 }, { metadata: given })).ending;
    }
    expect(heard).to.deep.equal([
      [['added'], []],
      [['added'], ['yes']],
      [['added'], ['yes']],
    ]);
    expect(metadata.get('id')).to.deep.equal(['own']);
  });
});

describe('RpcError', () => {
  it('refuses invalid options', () => {
    expect(() => new RpcError(Code.ABORTED, 'x', new Metadata() as never)).to.throw(TypeError, 'write { metadata }');
    expect(() => new RpcError(Code.ABORTED, 'x', { 'x-a': 'b' } as never)).to.throw(TypeError, 'no option "x-a"');
    expect(() => new RpcError(Code.ABORTED, 'x', null as never)).to.throw(TypeError, 'null');
  });

  it('prints its code, its rich details, the keys of its metadata and its cause, and nothing else', () => {
    const error = new RpcError(Code.NOT_FOUND, 'no user', {
      metadata: { 'x-request-id': 'id-7', date: 'today' },
      richDetails: [{ case: 'errorInfo', value: { reason: 'GONE' } }, retryInfo(2000)],
      cause: new Error('row 3'),
    });
    const shown = inspect(error);
    for (const part of ['RpcError: NOT_FOUND: no user', "code: 'NOT_FOUND'", 'GONE', 'x-request-id', 'row 3']) {
      expect(shown).to.include(part);
    }
    expect(shown).to.not.include('today').and.not.include('id-7').and.not.include('internalRepr');
    expect(JSON.parse(JSON.stringify(error))).to.deep.equal({
      name: 'RpcError',
      message: 'NOT_FOUND: no user',
      code: Code.NOT_FOUND,
      codeName: 'NOT_FOUND',
      details: 'no user',
      richDetails: [
        { case: 'errorInfo', value: { reason: 'GONE', domain: '', metadata: {} } },
        { case: 'retryInfo', value: { retryDelay: { seconds: '2', nanos: 0 } } },
      ],
      metadataKeys: ['x-request-id'],
    });
  });
});
