import type { Metadata } from '@grpc/grpc-js';
import { expect } from 'chai';
import { concat, EMPTY, finalize, map, NEVER, Observable, of, take, takeUntil, tap, throwError } from 'rxjs';
import { type CallOptions, implement, isRpcError, loopback, RpcError, withCall } from '../../lib/index.ts';
import { mergeMap } from '../../lib/operators.ts';
import { inAllShapes, type LabClient, type LabHandler, useBench } from '../support/bench.ts';
import { deferred } from '../support/deferred.ts';
import { withEnoughTime } from '../support/enough-time.ts';
import { Lab, type Note, type Shape, shapes } from '../support/lab.ts';
import { settled } from '../support/settled.ts';

type Log = string[];

/** The actions of a script: its handler and its caller, and a promise that the other side has started. */
interface Script {
  readonly handler: LabHandler;
  readonly request$?: (begun: Promise<void>) => Observable<Note>;
  readonly options?: (begun: Promise<void>, timeoutMs: number) => CallOptions;
  /** What one side must have logged before the deadline for the rest to be compared. */
  readonly underWay?: (shape: Shape) => RegExp;
  readonly reader?: (
    response$: Observable<Note>,
    begun: Promise<void>,
    headers$: Observable<Metadata>,
  ) => Observable<Note>;
}

const note: Note = { n: 1 };
const when = (begun: Promise<void>): Observable<Note> =>
  new Observable(output => void begun.then(() => output.complete()));
const failure = new RpcError(10, 'ünfit\n%41', { metadata: { 'why-bin': Uint8Array.of(1, 2), why: ['a', 'b'] } });
const trailing: LabHandler = (request$, call) => {
  call.sendHeaders({ 'a-header': ['1', '2'], spaced: ' x', 'b-bin': [Uint8Array.of(1), Uint8Array.of(2)] });
  call.trailers.set('a-trailer', call.metadata.get('asked').join('|'));
  return request$;
};

const scripts: Readonly<Record<string, Script>> = {
  'an echo': { handler: request$ => request$ },
  'headers, trailers, request metadata': {
    handler: trailing,
    options: () => ({
      metadata: {
        asked: ['a', 'b'],
        'asked-bin': [Uint8Array.of(1), Uint8Array.of()],
        cookie: ['a', 'b'],
        'set-cookie': ['a', 'b'],
        spaced: 'x ',
        'user-agent': 'mine',
        'grpc-encoding': 'gzip',
      },
    }),
  },
  'no response': { handler: () => EMPTY },
  'two responses': { handler: () => of(note, note) },
  'no request': { handler: request$ => request$, request$: () => EMPTY },
  'two requests': { handler: request$ => request$, request$: () => concat(of(note, { n: 2 })) },
  'many requests': {
    handler: request$ => request$,
    request$: () => of(...Array.from({ length: 40 }, (_, n) => ({ n }))),
  },
  'a response to requests that are not read': { handler: () => of(note), request$: () => NEVER },
  'an error at once': { handler: () => throwError(() => failure) },
  'an error that is thrown': {
    handler: () => {
      throw failure;
    },
  },
  'an error after a response': {
    handler: request$ =>
      concat(
        request$,
        throwError(() => failure),
      ),
  },
  'an error after headers': {
    handler: (_, call) => {
      call.sendHeaders({ early: 'yes' });
      return throwError(() => failure);
    },
  },
  'an error with trailers set before': {
    handler: (_, call) => {
      call.trailers.set('set', 'before');
      return throwError(() => failure);
    },
  },
  'an internal error': { handler: () => throwError(() => new Error('secret')) },
  'a promise': { handler: async () => note },
  'a promise that is rejected': { handler: () => Promise.reject(failure) },
  'headers sent twice': {
    handler: (request$, call) => {
      call.sendHeaders({ early: 'yes' });
      call.sendHeaders({ early: 'again' });
      return request$;
    },
  },
  'headers alone, until the caller has had enough': {
    handler: (_, call) => {
      call.sendHeaders({ early: 'yes' });
      return NEVER;
    },
    reader: (response$, _, headers$) => response$.pipe(takeUntil(headers$)),
  },
  'unsubscribing when the handler has begun': {
    handler: () => NEVER,
    reader: (response$, begun) => response$.pipe(takeUntil(begun)),
  },
  'unsubscribing from a request that is not complete': {
    handler: request$ => request$.pipe(mergeMap(() => NEVER)),
    request$: () => concat(of(note), NEVER),
    reader: (response$, begun) => response$.pipe(takeUntil(begun)),
  },
  'one response of many': {
    handler: () => concat(of(note, note, note), NEVER),
    reader: response$ => response$.pipe(take(1)),
  },
  'an error of request$': {
    handler: () => NEVER,
    request$: begun =>
      concat(
        when(begun),
        throwError(() => new Error('mine')),
      ),
  },
  'an error of request$ at once': {
    handler: request$ => request$,
    request$: () => throwError(() => new Error('mine')),
  },
  'a signal that aborts': {
    handler: () => NEVER,
    options: begun => {
      const controller = new AbortController();
      void begun.then(() => controller.abort(new Error('enough')));
      return { signal: controller.signal };
    },
  },
  'a signal that had aborted': { handler: () => NEVER, options: () => ({ signal: AbortSignal.abort() }) },
  'a deadline': {
    handler: () => NEVER,
    request$: () => NEVER,
    options: (_, timeoutMs) => ({ timeoutMs }),
    underWay: () => /^begins/,
  },
  'a deadline after a response': {
    handler: () => concat(of(note), NEVER),
    request$: () => concat(of(note), NEVER),
    options: (_, timeoutMs) => ({ timeoutMs }),
    underWay: shape => (Lab[shape].responseStream ? /^response 1/ : /^begins/),
  },
  'a deadline that had passed': { handler: () => NEVER, options: () => ({ deadline: new Date(0) }) },
  'a message that is refused by a middle of the handler': {
    handler: request$ =>
      request$.pipe(
        map(() => {
          throw failure;
        }),
      ),
  },
  'metadata that cannot be sent': {
    handler: request$ => request$,
    options: () => ({ metadata: { 'grpc-status': '0' } }),
  },
  'trailers that cannot be sent': {
    handler: (request$, call) => {
      call.trailers.set('connection', 'close');
      return request$;
    },
  },
};

const texts = (metadata: Metadata): string =>
  JSON.stringify(
    Object.entries(metadata.toJSON())
      .filter(([key]) => !['content-type', 'date', 'user-agent'].includes(key))
      .map(([key, values]) => [key, values.map(value => (Buffer.isBuffer(value) ? value.toString('hex') : value))])
      .sort(),
  );

const told = (error: unknown): string => {
  if (!isRpcError(error)) return String(error);
  const details = error.code === 4 ? '' : error.details; // grpc-js adds where the time went
  return `${error.code} ${details} ${error.path} ${texts(error.metadata)}`;
};

/** Over the wire the server has its own deadline; the caller's cancellation may arrive early enough to count as one. */
const withoutClock = (line: string): string => line.replace(/(?:4 |1 cancelled by the caller) (?=\/)/, 'cut ');

/** The notifications of one call on both sides. */
async function play(
  makeClient: (handler: LabHandler, hidden: Log) => Promise<LabClient>,
  shape: Shape,
  { handler, request$ = () => of(note), options = () => ({}), reader = response$ => response$ }: Script,
  timeoutMs: number,
): Promise<{ readonly client: Log; readonly server: Log }> {
  const [client, server]: [Log, Log] = [[], []];
  const begun = deferred();
  const observed: LabHandler = (given$, call) => {
    server.push(`begins ${texts(call.metadata)} ${call.path} ${call.deadline !== undefined}`);
    call.signal.addEventListener('abort', () => server.push(`abort ${told(call.signal.reason)}`));
    call.cancelled$.subscribe({ next: error => server.push(`cancelled ${told(error)}`) });
    const heard$ = given$.pipe(
      tap({
        next: ({ n }) => server.push(`request ${n}`),
        error: error => server.push(`request error ${told(error)}`),
        complete: () => server.push('requests end'),
      }),
    );
    queueMicrotask(begun.resolve);
    const result = handler(heard$, call);
    return result instanceof Observable ? result.pipe(finalize(() => server.push('response$ ends'))) : result;
  };
  const lab = await makeClient(observed, server);
  const source$ = request$(begun.promise).pipe(finalize(() => client.push('request$ ends')));
  const ended = deferred();
  try {
    const call = withCall(lab[shape] as any, source$, options(begun.promise, timeoutMs));
    call.headers$.subscribe(headers => client.push(`headers ${texts(headers)}`));
    call.status$.subscribe(status => client.push(`status ${status.code} ${texts(status.metadata)}`));
    reader(call.response$ as Observable<Note>, begun.promise, call.headers$)
      .pipe(finalize(ended.resolve))
      .subscribe({
        next: ({ n }) => client.push(`response ${n}`),
        error: error => client.push(`error ${told(error)}`),
        complete: () => client.push('complete'),
      });
  } catch (error) {
    client.push(`throws ${error}`);
    ended.resolve();
  }
  await ended.promise;
  await settled(() => client.length + server.length);
  return { client, server: server.map(withoutClock) };
}

describe('loopback', () => {
  const bench = useBench();
  const over = {
    wire: async (handler: LabHandler, hidden: Log) =>
      (await bench.run(inAllShapes(handler), { onError: error => hidden.push(`hidden ${error}`) })).client,
    loopback: (serialize: boolean) => async (handler: LabHandler, hidden: Log) => {
      const server = { onError: (error: unknown) => hidden.push(`hidden ${error}`) };
      return loopback(implement.partial(Lab, inAllShapes(handler)), { server, serialize });
    },
  };

  for (const [name, script] of Object.entries(scripts)) {
    for (const shape of shapes) {
      it(`notifies both sides of ${name} like the wire: ${shape}`, () =>
        withEnoughTime(50, async timeoutMs => {
          const wire = await play(over.wire, shape, script, timeoutMs);
          const underWay = script.underWay?.(shape) ?? /^/;
          if (![...wire.client, ...wire.server].some(line => underWay.test(line))) return false;
          expect(wire.client.some(line => line.startsWith('throws'))).to.equal(name === 'metadata that cannot be sent');
          expect(await play(over.loopback(true), shape, script, timeoutMs)).to.deep.equal(wire);
          expect(await play(over.loopback(false), shape, script, timeoutMs)).to.deep.equal(wire);
          return true;
        }));
    }
  }
});
