import { readFileSync } from 'node:fs';
import { CallCredentials, InterceptingCall, Metadata } from '@grpc/grpc-js';
import { expect } from 'chai';
import {
  concatMap,
  defer,
  EMPTY,
  forkJoin,
  lastValueFrom,
  map,
  mergeMap,
  NEVER,
  type Observable,
  of,
  range,
  retry,
  throwError,
  timer,
} from 'rxjs';
import { type ClientMiddleware, Code, close, connect, RpcError, toAsyncIterable, withCall } from '../../lib/index.ts';
import { inAllShapes, type LabClient, overEachTransport, useBench } from '../support/bench.ts';
import { Lab, type Note } from '../support/lab.ts';
import { thrownBy } from '../support/record.ts';

const note: Note = { n: 1 };
const source = readFileSync(import.meta.filename, 'utf8').split('\n');

/** The default stack limit, before any call. */
const { stackTraceLimit } = Error;
const own = new URL('../../lib/', import.meta.url).pathname;

/** The number of the line in this file that ends with the comment. */
function lineOf(mark: string): number {
  const lines = source.flatMap((line, index) => (line.endsWith(`// ${mark}`) ? [index + 1] : []));
  expect(lines, mark).to.have.lengthOf(1);
  return lines[0]!;
}

/** The line numbers in this file that an error names as its subscription. */
function linesIn(error: Error): number[] {
  expect(error.stack).to.match(/^RpcError: \/lab\.Lab\/\w+ [A-Z_]+: /);
  const [, ...places] = error.stack!.split('\n    subscribed at:\n');
  expect(places, error.stack).to.have.lengthOf(1);
  const frames = places[0]!.split('\n');
  for (const foreign of ['node_modules/rxjs/', '(node:', own]) expect(places[0]).to.not.include(foreign);
  return frames.flatMap(
    frame =>
      frame
        .match(/call-stack\.spec\.ts:(\d+):\d+\)?$/)
        ?.slice(1)
        .map(Number) ?? [],
  );
}

const failed = (work: Promise<unknown>): Promise<any> => work.catch(error => error);

overEachTransport('The stack of a call error', bench => {
  const failing = inAllShapes(() => throwError(() => new RpcError(Code.NOT_FOUND, 'no')));

  async function failingClient(middleware: readonly ClientMiddleware[] = []): Promise<LabClient> {
    return (await bench.run(failing, {}, { middleware })).client;
  }

  it('leads to the subscribing line for an error status', async () => {
    const client = await failingClient();
    const error = await failed(lastValueFrom(client.unary(note))); // a status
    expect(linesIn(error)).to.deep.equal([lineOf('a status')]);
  });

  it('leads to the subscribing line in all shapes, not to where the call was made', async () => {
    const client = await failingClient();
    const calls = [
      client.unary(note), // the first was made here
      client.serverStream(note),
      client.clientStream(of(note)),
      client.bidi(of(note)),
    ];
    for (const call$ of calls) {
      const error = await failed(lastValueFrom(call$)); // each was subscribed to here
      expect(linesIn(error)[0]).to.equal(lineOf('each was subscribed to here'));
    }
    const error = await failed(lastValueFrom(calls[0]!)); // and here
    expect(linesIn(error)).to.deep.equal([lineOf('and here'), lineOf('the first was made here')]);
  });

  it('leads to the subscribing line for subscribe() with callbacks', async () => {
    const client = await failingClient();
    const error = await new Promise<Error>(resolve => {
      client.bidi(of(note)).subscribe({ error: resolve }); // callbacks
    });
    expect(linesIn(error)[0]).to.equal(lineOf('callbacks'));
  });

  it('leads to the subscribing line of a call that this side ends early', async () => {
    const { client } = await bench.run(inAllShapes(() => NEVER));
    const signal = AbortSignal.timeout(5);
    const cut = await failed(lastValueFrom(client.unary(note, { signal }))); // by its signal
    expect(linesIn(cut)).to.deep.equal([lineOf('by its signal')]);
    const late = await failed(lastValueFrom(client.unary(note, { timeoutMs: 5 }))); // by its deadline
    expect(linesIn(late)).to.deep.equal([lineOf('by its deadline')]);
    const closed = failed(lastValueFrom(client.unary(note))); // by close()
    close(client);
    expect(linesIn(await closed)).to.deep.equal([lineOf('by close()')]);
    const refused = await failed(lastValueFrom(client.unary(note))); // of a closed client
    expect(linesIn(refused)).to.deep.equal([lineOf('of a closed client')]);
  });

  it('leads to the subscribing line for a wrong number of requests or responses', async () => {
    const client = await failingClient();
    const none = await failed(lastValueFrom(client.unary(EMPTY))); // no request
    expect([none.code, ...linesIn(none)]).to.deep.equal([Code.UNIMPLEMENTED, lineOf('no request')]);
    const two = await failed(lastValueFrom(client.unary(of(note, note)))); // two requests
    expect([two.code, ...linesIn(two)]).to.deep.equal([Code.UNIMPLEMENTED, lineOf('two requests')]);
  });

  it('leads to the subscribing line when requests overflow the queue', async () => {
    const { client } = await bench.run(inAllShapes(() => NEVER));
    const many$ = range(0, 3000).pipe(map(n => ({ n, text: 'x'.repeat(1000) })));
    const error = await failed(lastValueFrom(client.bidi(many$, { maxQueuedBytes: 1 }))); // full
    expect([error.code, ...linesIn(error)]).to.deep.equal([Code.RESOURCE_EXHAUSTED, lineOf('full')]);
  });

  it('leads to the subscribing line through a long pipe', async () => {
    const client = await failingClient();
    const made$ = client.unary(note); // above the pipe
    let long$: Observable<Note> = made$;
    for (let i = 0; i < 20; i++) long$ = long$.pipe(map(one => one));
    const error = await failed(lastValueFrom(long$)); // below the pipe
    expect(linesIn(error)).to.deep.equal([lineOf('below the pipe'), lineOf('above the pipe')]);
  });

  it('leads through mergeMap and similar operators to the outer subscription and the inner call', async () => {
    const client = await failingClient();
    const inner = (n: number): Observable<Note> => client.unary({ n }).pipe(map(one => one)); // the inner call
    const merged$ = of(1).pipe(mergeMap(inner));
    const error = await failed(lastValueFrom(merged$)); // the outer subscription
    const [outer, made] = [lineOf('the outer subscription'), lineOf('the inner call')];
    expect(linesIn(error)).to.include(outer).and.to.include(made);
    const joined = await failed(lastValueFrom(forkJoin([inner(1)]))); // joined
    expect(linesIn(joined)[0]).to.equal(lineOf('joined'));
  });

  it('leads to where the call was made when an operator subscribes to it later', async () => {
    const client = await failingClient();
    const later$ = timer(1).pipe(
      concatMap(() => client.unary(note)), // later
    );
    expect(linesIn(await failed(lastValueFrom(later$)))).to.deep.equal([lineOf('later')]);
    for (const again of [retry<Note>(2), retry<Note>({ count: 2, delay: 1 })]) {
      const call$ = client.unary(note); // again
      expect(linesIn(await failed(lastValueFrom(call$.pipe(again))))).to.include(lineOf('again'));
    }
    const deferred$ = defer(() => client.unary(note)); // deferred
    expect(linesIn(await failed(lastValueFrom(deferred$)))).to.include(lineOf('deferred'));
  });

  for (const [how, again] of [
    ['at once', retry<Note>(2)],
    ['by a timer', retry<Note>({ count: 2, delay: 1 })],
  ] as const) {
    it(`leads to the subscribing line through middleware that repeats the call ${how}`, async () => {
      let attempts = 0;
      const repeating: ClientMiddleware = rpc => (request$, options) =>
        defer(() => {
          attempts++;
          return rpc(request$, options);
        }).pipe(again);
      const client = await failingClient([repeating, rpc => (request$, options) => rpc(request$, { ...options })]);
      const error = await failed(lastValueFrom(client.unary(note))); // through middleware
      expect(linesIn(error)).to.deep.equal([lineOf('through middleware')]);
      expect(attempts).to.equal(3);
      attempts = 0;
    });
  }

  it('leads to the subscribing line through withCall, for await, and inside a handler', async () => {
    const client = await failingClient();
    const { response$ } = withCall(client.unary, note); // made by withCall
    const error = await failed(lastValueFrom(response$)); // withCall
    expect(linesIn(error)).to.deep.equal([lineOf('withCall'), lineOf('made by withCall')]);
    const read = async (): Promise<void> => {
      const all = toAsyncIterable(client.serverStream(note));
      for await (const one of all) expect(one).to.equal(undefined); // for await
    };
    expect(linesIn(await failed(read()))[0]).to.equal(lineOf('for await'));
    const front = await bench.run({
      unary: () => client.unary(note), // a handler
    });
    await failed(lastValueFrom(front.client.unary(note)));
    expect(linesIn(front.hidden[0] as Error)).to.deep.equal([lineOf('a handler')]);
  });
});

describe('The stack of a call error over the wire', () => {
  const bench = useBench();

  it('leads to the subscribing line without a listener, and for refused credentials', async () => {
    const client = connect(Lab, 'http://127.0.0.1:1');
    bench.onEnd(() => close(client));
    const error = await failed(lastValueFrom(client.unary(note))); // nobody listens
    expect([error.code, ...linesIn(error)]).to.deep.equal([Code.UNAVAILABLE, lineOf('nobody listens')]);
    const credentials = CallCredentials.createFromMetadataGenerator((_, done) => done(null, new Metadata()));
    const refused = await failed(lastValueFrom(client.unary(note, { credentials }))); // credentials
    expect([refused.code, ...linesIn(refused)]).to.deep.equal([Code.UNAUTHENTICATED, lineOf('credentials')]);
  });

  it('leads to the subscribing line for too many, missing and undecodable responses', async () => {
    const { server } = await bench.run({
      bidi: request$ => request$.pipe(mergeMap(({ n }) => range(0, n).pipe(map(i => ({ n: i }))))),
    });
    const one = { ...Lab.bidi, responseStream: false } as const;
    const unreadable = (): never => {
      throw new Error('cannot read this');
    };
    const service = { bidi: one, unread: { ...one, responseDeserialize: unreadable } };
    const client = connect(service, server.target);
    bench.onEnd(() => close(client));
    const none = await failed(lastValueFrom(client.bidi(of({ n: 0 })))); // no response
    expect([none.details, ...linesIn(none)]).to.deep.equal(['expected one response, got none', lineOf('no response')]);
    const two = await failed(lastValueFrom(client.bidi(of({ n: 2 })))); // two responses
    expect(linesIn(two)).to.deep.equal([lineOf('two responses')]);
    const unread = await failed(lastValueFrom(client.unread(of(note)))); // unreadable
    expect([unread.cause.message, ...linesIn(unread)]).to.deep.equal(['cannot read this', lineOf('unreadable')]);
  });

  it('leaves other stacks as they are: the stack limit, and the errors of interceptors', async () => {
    const { server } = await bench.run(inAllShapes(request$ => request$));
    const stacks: (string | undefined)[] = [];
    const client = connect(Lab, server.target, {
      channelOptions: {
        interceptors: [
          (options, nextCall) => {
            stacks.push(new Error('here').stack);
            return new InterceptingCall(nextCall(options));
          },
        ],
      },
    });
    const plain = bench.connect(server);
    bench.onEnd(() => close(client));
    for (const one of [client, plain]) {
      expect(await lastValueFrom(one.unary(note))).to.deep.equal(note);
      expect(Error.stackTraceLimit).to.equal(stackTraceLimit);
    }
    expect(stacks[0]).to.match(/\n {4}at /);
    close(plain);
    thrownBy(() => plain.unary(note, 5 as never));
    await failed(lastValueFrom(plain.unary(note)));
    expect(Error.stackTraceLimit).to.equal(stackTraceLimit);
  });

  it('is captured under a stack limit of 1', async () => {
    const client = connect(Lab, 'http://127.0.0.1:1');
    bench.onEnd(() => close(client));
    const { stackTraceLimit: limit } = Error;
    try {
      Error.stackTraceLimit = 1;
      const error = await failed(lastValueFrom(client.unary(note))); // under a limit of 1
      expect(linesIn(error)).to.deep.equal([lineOf('under a limit of 1')]);
      expect(Error.stackTraceLimit).to.equal(1);
    } finally {
      Error.stackTraceLimit = limit;
    }
  });

  it('is not captured under a stack limit of 0, and is text whatever prepareStackTrace returns', async () => {
    const client = connect(Lab, 'http://127.0.0.1:1');
    bench.onEnd(() => close(client));
    const { stackTraceLimit: limit, prepareStackTrace: prepare } = Error;
    try {
      Error.stackTraceLimit = 0;
      const bare = await failed(lastValueFrom(client.unary(note)));
      expect(bare.stack)
        .to.match(/^RpcError: /)
        .and.to.not.match(/\n {4}at /);
      expect(Error.stackTraceLimit).to.equal(0);
      Error.stackTraceLimit = limit;
      const odd = await failed(lastValueFrom(client.unary(note)));
      Error.prepareStackTrace = (_, sites) => sites;
      expect(() => odd.stack).to.not.throw();
    } finally {
      Error.stackTraceLimit = limit;
      Object.assign(Error, { prepareStackTrace: prepare });
    }
  });
});
