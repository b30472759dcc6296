import { AsyncLocalStorage } from 'node:async_hooks';
import { type CallCredentials, credentials, Metadata } from '@grpc/grpc-js';
import { expect } from 'chai';
import { concat, lastValueFrom, map, NEVER, of, Subject, type Subscription, takeUntil, tap, throwError } from 'rxjs';
import {
  type Bound,
  Code,
  close,
  connect,
  implement,
  inspect,
  type LoopbackOptions,
  loopback,
  RpcError,
  type ServerCall,
  serve,
  state$,
} from '../../lib/index.ts';
import { serverBehind } from '../../lib/loopback/loopback.ts';
import type { LabClient, LabHandler, LabImplementation } from '../support/bench.ts';
import { callOf, inAllShapes } from '../support/bench.ts';
import { deferred } from '../support/deferred.ts';
import { Lab, type Note, shapes } from '../support/lab.ts';
import { errorOf, record, thrownBy } from '../support/record.ts';
import { settled } from '../support/settled.ts';
import { tls } from '../support/tls.ts';

const note: Note = { n: 1 };
const over = (implementation: LabImplementation, options?: LoopbackOptions<typeof Lab>): LabClient =>
  loopback(implement.partial(Lab, implementation), options);
const echo: LabHandler = request$ => request$;

describe('loopback', () => {
  it('refuses an invalid service, and invalid, unknown or mistyped options', () => {
    const service = implement.partial(Lab, {});
    for (const [given, options, message] of [
      [undefined, {}, /expected what implement\(\) gives, got undefined/],
      [{ definition: {}, implementation: {} }, {}, /expected what implement\(\) gives, got an object/],
      [service, 5, /plain object/],
      [service, { server: 5 }, /plain object/],
      [service, { tls: {} }, /no option "tls".*serialize/],
      [service, { server: { tls: {} } }, /no option "tls".*onError/],
      [service, { serialize: 1 }, /serialize to be true or false, got number/],
      [service, { draining$: Promise.resolve() }, /draining\$ to be an Observable, got an object \(Promise\)/],
      [service, { prefetch: 1 }, /prefetch/],
      [service, { server: { prefetch: 1 } }, /prefetch/],
      [service, { server: { onError: 1 } }, /onError/],
      [service, { middleware: [{ noSuch: () => {} }] }, /noSuch/],
      [service, { compression: 'zip' }, /compression/],
    ] as const) {
      const error = thrownBy(() => loopback(given as Bound<typeof Lab>, options as LoopbackOptions));
      expect([TypeError, RangeError]).to.include(error.constructor);
      expect(error.message).to.match(/^loopback: /);
      expect(error.message).to.match(message);
    }
  });

  it('is READY from the start, and SHUTDOWN after close(): further calls are CANCELLED', async () => {
    const client = over(inAllShapes(echo));
    const states = record(state$(client));
    expect(states.values).to.deep.equal(['READY']);
    close(client);
    close(client);
    expect(await states.ending).to.deep.equal({});
    expect(states.values).to.deep.equal(['READY', 'SHUTDOWN']);
    expect(await errorOf(client.unary(note))).to.include({ code: Code.CANCELLED, details: 'the client is closed' });
  });

  it('answers UNIMPLEMENTED with the same text as grpc-js', async () => {
    expect(await errorOf(over({}).unary(note))).to.include({
      code: Code.UNIMPLEMENTED,
      details: 'The server does not implement the method /lab.Lab/Unary',
    });
  });

  it('ignores host and compression', async () => {
    const client = over(inAllShapes(echo), { compression: 'gzip' });
    const options = { host: 'elsewhere', compression: 'deflate', waitForReady: true } as const;
    expect(await lastValueFrom(client.unary(note, options))).to.deep.equal(note);
  });

  it('lists both sides in inspect', async () => {
    const client = over({ bidi: () => NEVER });
    const server = serverBehind(client)!;
    const call = record(client.bidi(concat(of(note), NEVER)));
    await settled(() => inspect(server).calls.length);
    for (const side of [client, server])
      expect(inspect(side).calls.map(({ path }) => path)).to.deep.equal(['/lab.Lab/Bidi']);
    call.subscription.unsubscribe();
    expect(inspect(client).calls).to.deep.equal([]);
    await settled(() => inspect(server).calls.length);
    expect(inspect(server).calls).to.deep.equal([]);
    expect(serverBehind({})).to.equal(undefined);
  });

  it('runs the middleware of client, server and service in order, each on its side', async () => {
    const seen: string[] = [];
    const saying = (name: string) => (rpc: any, method: any) => (request$: any, call: any) => {
      seen.push(`${name} ${method.path}`);
      return rpc(request$, call);
    };
    const service = implement.partial(Lab, { unary: echo }, { middleware: [saying('service')] });
    const client = loopback(service, { middleware: [saying('client')], server: { middleware: [saying('server')] } });
    await lastValueFrom(client.unary(note));
    expect(seen).to.deep.equal(['client /lab.Lab/Unary', 'server /lab.Lab/Unary', 'service /lab.Lab/Unary']);
  });

  it("reports to the server's onError what is hidden from the caller", async () => {
    const hidden: [unknown, string][] = [];
    const mine = new Error('mine');
    const onError = (error: unknown, call: ServerCall) => hidden.push([error, call.path]);
    const client = over({ unary: () => throwError(() => mine) }, { server: { onError } });
    expect(await errorOf(client.unary(note))).to.include({ code: Code.UNKNOWN, details: 'unknown error' });
    expect(hidden).to.deep.equal([[mine, '/lab.Lab/Unary']]);
  });

  it("notifies neither side before the other side's call has returned", async () => {
    const response$ = new Subject<Note>();
    const seen: string[] = [];
    const client = over({
      bidi: (request$, call) => {
        seen.push('begins');
        call.signal.addEventListener('abort', () => seen.push('abort'));
        request$.subscribe({ next: () => seen.push('request'), complete: () => seen.push('end'), error: () => {} });
        call.sendHeaders({});
        return response$;
      },
    });
    const heardBy = async (act: () => void): Promise<string[][]> => {
      act();
      const atOnce = seen.splice(0);
      await settled(() => seen.length);
      return [atOnce, seen.splice(0)];
    };
    const request$ = new Subject<Note>();
    let call!: Subscription;
    const onHeaders = () => seen.push('headers');
    const subscribe = () => {
      call = client.bidi(request$, { onHeaders }).subscribe(() => seen.push('response'));
    };
    expect(await heardBy(subscribe)).to.deep.equal([[], ['begins', 'headers']]);
    expect(await heardBy(() => request$.next(note))).to.deep.equal([[], ['request']]);
    expect(await heardBy(() => response$.next(note))).to.deep.equal([[], ['response']]);
    expect(await heardBy(() => request$.complete())).to.deep.equal([[], ['end']]);
    expect(await heardBy(() => call.unsubscribe())).to.deep.equal([[], ['abort']]);
  });

  it('emits draining$ to its calls, and ends those that subscribe to it', async () => {
    const draining$ = new Subject<void>();
    const begun = deferred();
    const client = over(
      {
        bidi: (request$, call) => {
          begun.resolve();
          return request$.pipe(takeUntil(call.draining$));
        },
      },
      { draining$ },
    );
    const { ending } = record(client.bidi(NEVER));
    await begun.promise;
    draining$.next();
    expect(await ending).to.deep.equal({});
    expect(draining$.observed).to.equal(false);
  });

  it("ends normally when its reader completes the handler's source", async () => {
    for (const failure of [undefined, new RpcError(Code.ABORTED, 'x')]) {
      const response$ = new Subject<Note>();
      const client = over({ serverStream: () => response$ });
      const end = () => (failure === undefined ? response$.complete() : response$.error(failure));
      const { values, ending } = record(client.serverStream(note).pipe(tap(({ n }) => n === 2 && end())));
      await settled(() => inspect(serverBehind(client)!).calls.length);
      response$.next({ n: 1 });
      response$.next({ n: 2 });
      expect((await ending).error?.['code' as never]).to.equal(failure?.code);
      expect(values).to.deep.equal([{ n: 1 }, { n: 2 }]);
    }
  });

  it('delivers no requests, and no end of them, that were sent in the turn of the cancellation', async () => {
    const told: unknown[] = [];
    const client = over({
      bidi: request$ => {
        request$.subscribe({
          next: () => told.push('request'),
          complete: () => told.push('end'),
          error: error => told.push(error.code),
        });
        return NEVER;
      },
    });
    for (const last of [
      (request$: Subject<Note>) => request$.complete(),
      (request$: Subject<Note>) => request$.next(note),
    ]) {
      const request$ = new Subject<Note>();
      const { subscription } = record(client.bidi(request$));
      await settled(() => told.length);
      last(request$);
      subscription.unsubscribe();
      await settled(() => told.length);
      expect(told.splice(0)).to.deep.equal([Code.CANCELLED]);
    }
  });

  it('has a peer that is not an address, and no certificate', async () => {
    let seen: ServerCall | undefined;
    const client = over({
      unary: (request$, call) => {
        seen = call;
        return request$;
      },
    });
    await lastValueFrom(client.unary(note));
    expect(seen).to.include({ peer: 'in-process', peerCertificate: undefined });
  });
});

describe('The two sides of a loopback', () => {
  it('share no metadata: changes on one side are invisible to the other', async () => {
    const metadata = new Metadata();
    metadata.set('k', 'v');
    metadata.set('k-bin', Buffer.of(1));
    const error = new RpcError(Code.ABORTED, 'x', { metadata });
    const headers = new Metadata();
    headers.set('h-bin', Buffer.of(1));
    const spoil = (all: Metadata) => {
      for (const values of Object.values(all.toJSON()))
        for (const value of values) if (Buffer.isBuffer(value)) value[0] = 9;
      all.set('k', 'spoilt');
    };
    const client = over({
      bidi: (_, call) => {
        spoil(call.metadata);
        call.trailers.set('t-bin', Buffer.of(1));
        call.sendHeaders(headers);
        call.cancelled$.subscribe();
        return concat(
          of(note),
          throwError(() => error),
        );
      },
    });
    for (let round = 0; round < 2; round++) {
      const failed = await errorOf(client.bidi(NEVER, { metadata, onHeaders: spoil, onTrailers: spoil }));
      expect(failed).to.not.equal(error);
      spoil(failed.metadata);
    }
    expect([metadata.get('k'), metadata.get('k-bin')]).to.deep.equal([['v'], [Buffer.of(1)]]);
    expect([error.metadata.get('k'), error.metadata.get('k-bin')]).to.deep.equal([['v'], [Buffer.of(1)]]);
    expect(headers.get('h-bin')).to.deep.equal([Buffer.of(1)]);
  });

  it('share no bytes, even if a serializer returns its own', async () => {
    const Bytes = {
      bidi: {
        ...Lab.bidi,
        requestSerialize: (bytes: Buffer) => bytes,
        requestDeserialize: (bytes: Buffer) => bytes,
        responseSerialize: (bytes: Buffer) => bytes,
        responseDeserialize: (bytes: Buffer) => bytes,
      },
    } as const;
    const mine = Buffer.from('mine');
    const client = loopback(
      implement(Bytes, {
        bidi: request$ =>
          request$.pipe(
            map(bytes => {
              bytes[0] = 120;
              return bytes;
            }),
          ),
      }),
    );
    const request$ = new Subject<Buffer>();
    const answer = lastValueFrom(client.bidi(request$));
    request$.next(mine);
    mine[3] = 120; // a message is sent as it was
    request$.complete();
    expect(String(await answer)).to.equal('xine');
    expect(String(mine)).to.equal('minx');
  });

  it('share messages that are not serialized', async () => {
    const seen: Note[] = [];
    const handler: LabHandler = request$ =>
      request$.pipe(
        map(request => {
          seen.push(request);
          return request;
        }),
      );
    const sent = { n: 1 };
    for (const [serialize, isSame] of [
      [false, true],
      [true, false],
      [undefined, false],
    ] as const) {
      const client = over({ bidi: handler }, { serialize });
      const received = await lastValueFrom(client.bidi(of(sent)));
      expect([seen.pop() === sent, received === sent]).to.deep.equal([isSame, isSame]);
    }
  });

  it('need no codec without serialization; with it, a message that cannot be decoded is INTERNAL', async () => {
    const broken = () => {
      throw new SyntaxError('broken');
    };
    const Broken = {
      bidi: { ...Lab.bidi, requestDeserialize: broken as (bytes: Buffer) => Note },
      serverStream: { ...Lab.serverStream, responseDeserialize: broken as (bytes: Buffer) => Note },
    } as const;
    const service = implement(Broken, { bidi: echo, serverStream: echo });
    const plain = loopback(service, { serialize: false });
    expect(await lastValueFrom(plain.bidi(of(note)))).to.equal(note);
    const client = loopback(service);
    expect(await errorOf(client.bidi(of(note)))).to.include({
      code: Code.INTERNAL,
      details: 'a request cannot be decoded',
    });
    expect(await errorOf(client.serverStream(note))).to.include({ details: 'a response cannot be decoded' });
  });

  it("share no async context: a handler has that of the loopback's creator, a subscriber its own", async () => {
    const storage = new AsyncLocalStorage<string>();
    const seen: [where: string, store: string | undefined][] = [];
    const look = (where: string) => seen.push([where, storage.getStore()]);
    let onCompleted!: () => void;
    const nothing: Parameters<typeof credentials.createFromMetadataGenerator>[0] = (_, callback) =>
      callback(null, new Metadata());
    const handler: LabHandler = (request$, call) => {
      look('handler');
      call.cancelled$.subscribe({
        complete: () => {
          look('cancelled$');
          onCompleted();
        },
      });
      return request$.pipe(
        map(request => {
          look('request');
          return request;
        }),
      );
    };
    for (const maker of ['maker', undefined]) {
      const make = () => over(inAllShapes(handler));
      const client = maker === undefined ? make() : storage.run(maker, make);
      for (const shape of shapes) {
        for (const options of [{}, { credentials: credentials.createFromMetadataGenerator(nothing) }]) {
          const completed = new Promise<void>(resolve => {
            onCompleted = resolve;
          });
          const response$ = callOf(client, shape, of(note), options).pipe(map(() => look('response')));
          await storage.run('caller', () => record(response$).ending);
          await completed;
          // The ends of the two sides are not ordered.
          expect(seen.splice(0), shape).to.have.deep.members([
            ['handler', maker],
            ['request', maker],
            ['cancelled$', maker],
            ['response', 'caller'],
          ]);
        }
      }
    }
  });
});

describe('Call credentials', () => {
  const generating = (metadata: Record<string, string>): CallCredentials =>
    credentials.createFromMetadataGenerator((_, callback) => {
      const generated = new Metadata();
      for (const [key, value] of Object.entries(metadata)) generated.set(key, value);
      setImmediate(() => callback(null, generated));
    });
  const failing = (error: object): CallCredentials =>
    credentials.createFromMetadataGenerator((_, callback) => callback(Object.assign(new Error('no token'), error)));

  it('add their metadata to a loopback as over TLS', async () => {
    const asked: object[] = [];
    const client = over({
      unary: (request$, call) => request$.pipe(map(() => ({ n: 1, text: String(call.metadata.get('token')) }))),
    });
    const watching = credentials.createFromMetadataGenerator((options, callback) => {
      asked.push(options);
      callback(null, new Metadata());
    });
    const both = generating({ token: 'mine' }).compose(watching);
    expect(await lastValueFrom(client.unary(note, { credentials: both }))).to.include({ text: 'mine' });
    expect(asked).to.deep.equal([{ method_name: 'Unary', service_url: 'https://in-process/lab.Lab' }]);
  });

  it('that fail end the call as over TLS, before the handler is called', async () => {
    let calls = 0;
    const service = implement.partial(Lab, {
      unary: request$ => {
        calls++;
        return request$;
      },
    });
    const server = await serve('https://127.0.0.1:0', service, { tls });
    using wire = connect(Lab, `https://localhost:${server.port}`, { tls: { ca: tls.cert } });
    try {
      const metadata = { authorization: 'a' };
      for (const options of [
        { credentials: failing({}) },
        { credentials: failing({ code: Code.UNAUTHENTICATED }) },
        { credentials: failing({ code: Code.NOT_FOUND }) },
        { credentials: failing({ code: Code.DATA_LOSS }) },
        { credentials: failing({ code: 'ENOENT' }) },
        { credentials: generating(metadata), metadata },
      ]) {
        const expected = await errorOf(wire.unary(note, options));
        const { code, details } = await errorOf(loopback(service).unary(note, options));
        expect([code, details]).to.deep.equal([expected.code, expected.details]);
      }
      expect(calls).to.equal(0);
    } finally {
      await server.shutdown({ graceMs: 0 });
    }
  });

  it('that arrive after an unsubscribe or the deadline start nothing', async () => {
    let calls = 0;
    const asked = deferred<(error: null, metadata: Metadata) => void>();
    const slow = credentials.createFromMetadataGenerator((_, callback) => asked.resolve(callback));
    const client = over({
      unary: request$ => {
        calls++;
        return request$;
      },
    });
    const { subscription } = record(client.unary(note, { credentials: slow }));
    const give = await asked.promise;
    subscription.unsubscribe();
    give(null, new Metadata());
    expect(await errorOf(client.unary(note, { credentials: slow, timeoutMs: 5 }))).to.include({
      code: Code.DEADLINE_EXCEEDED,
    });
    await settled(() => calls);
    expect(calls).to.equal(0);
  });
});

describe('A proxy between two loopbacks', () => {
  for (const shape of shapes) {
    it(`passes on deadline and cancellation, and no metadata: ${shape}`, async () => {
      const begun = deferred<ServerCall>();
      const aborted = deferred();
      const far = over(
        inAllShapes((_, call) => {
          call.signal.addEventListener('abort', () => aborted.resolve());
          begun.resolve(call);
          return NEVER;
        }),
      );
      const near = loopback(implement(Lab, far));
      const deadline = new Date(Date.now() + 60_000);
      const { subscription } = record(callOf(near, shape, of(note), { deadline, metadata: { secret: 'mine' } }));
      const call = await begun.promise;
      expect(call.deadline).to.deep.equal(deadline);
      expect(call.metadata.getMap()).to.deep.equal({});
      subscription.unsubscribe();
      await aborted.promise;
    });
  }
});
