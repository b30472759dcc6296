import http2 from 'node:http2';
import { expect } from 'chai';
import { Observable } from 'rxjs';
import { implement, inspect, type ServeOptions, type Server, type ServerCall, serve } from '../../lib/index.ts';
import { message } from '../grpc-js/raw-peer.ts';
import { inAllShapes, type LabImplementation } from '../support/bench.ts';
import { deferred } from '../support/deferred.ts';
import { Lab, type Note, type Shape } from '../support/lab.ts';
import { settled } from '../support/settled.ts';
import { watch } from './memory.ts';
import { type RawClient, type RawClientOptions, rawClient, requestHeaders } from './raw-client.ts';

/** The record of one call in our handler. */
export interface Handled {
  readonly call: ServerCall;
  readonly values: readonly Note[];
  /** Resolves when this many requests have arrived. */
  received(n: number): Promise<void>;
  /** How request$ ended: completed when there is no error. */
  readonly ending: Promise<{ readonly error?: unknown }>;
  /** Resolves when response$ has been unsubscribed or has ended. */
  readonly over: Promise<void>;
}

/** The outcome that the bad client sees for a call made with node:http2. */
interface Answer {
  readonly headers: http2.IncomingHttpHeaders & http2.IncomingHttpStatusHeader;
  /** Contains the status, also for a trailers-only response. */
  readonly trailers: http2.IncomingHttpHeaders;
  readonly bytes: Buffer;
  readonly resetCode: number;
}

interface BadCall {
  readonly stream: http2.ClientHttp2Stream;
  readonly answer: Promise<Answer>;
}

/** Our server with its records, and bad clients of it. */
interface Victim {
  readonly server: Server;
  readonly handled: readonly Handled[];
  /** The errors passed to onError. */
  readonly hidden: readonly unknown[];
  /** Resolves with the n-th call of a handler, from 0, as soon as it has started. */
  handler(n: number): Promise<Handled>;
  call(shape: Shape, headers?: http2.OutgoingHttpHeaders, options?: http2.ClientSessionRequestOptions): BadCall;
  connect(options?: RawClientOptions): RawClient;
  /** Expects that every started handler has ended, that nothing of a call remains, and that the next call is served. */
  livesOn(): Promise<void>;
}

interface VictimOptions {
  readonly serve?: ServeOptions;
  readonly service?: typeof Lab;
  /** The handlers do not end by themselves. Default: false. */
  readonly isEndless?: boolean;
  /** Default: the handlers echo (the last request where there is one response) and end at the half-close. */
  readonly implementation?: LabImplementation;
}

export interface BadClients {
  run(options?: VictimOptions): Promise<Victim>;
}

/** For a `describe`: servers and bad clients that are closed after each of its specs. */
export function useBadClient(): BadClients {
  const toClose: (() => unknown)[] = [];
  afterEach(async () => {
    for (const end of toClose.splice(0).reverse()) await end();
  });
  return {
    async run(options = {}) {
      const victim = counting(toClose, options);
      await victim.listen();
      return victim;
    },
  };
}

function counting(toClose: (() => unknown)[], options: VictimOptions): Victim & { listen(): Promise<void> } {
  const handled: Handled[] = [];
  const hidden: unknown[] = [];
  let waiting: (() => void)[] = [];
  let running = 0;
  let isEndless = options.isEndless === true;
  let server: Server;
  let session: http2.ClientHttp2Session | undefined;

  const until = async (isSo: () => boolean): Promise<void> => {
    while (!isSo()) await new Promise<void>(resolve => waiting.push(resolve));
  };
  const tell = (): void => {
    const all = waiting;
    waiting = [];
    for (const resume of all) resume();
  };

  const echo = (request$: Observable<Note>, call: ServerCall): Observable<Note> => {
    const values: Note[] = [];
    const ending = deferred<{ error?: unknown }>();
    const over = deferred();
    const received = (n: number) => until(() => values.length >= n);
    handled.push({ call, values, received, ending: ending.promise, over: over.promise });
    running++;
    tell();
    watch(call);
    return new Observable(response => {
      watch(response);
      response.add(() => {
        running--;
        over.resolve();
      });
      // A separate subscription: it records request$ whatever happens to response$.
      request$.subscribe({
        next: value => {
          values.push(value);
          tell();
          if (call.method.responseStream) response.next(value);
        },
        error: error => ending.resolve({ error }),
        complete: () => {
          ending.resolve({});
          if (isEndless) return;
          if (!call.method.responseStream && values.length > 0) response.next(values.at(-1)!);
          response.complete();
        },
      });
    });
  };

  const call: Victim['call'] = (shape, headers = {}, requestOptions = {}) => {
    if (session === undefined || session.closed || session.destroyed) {
      const opened = http2.connect(server.target, { maxSendHeaderBlockLength: 2 ** 24 }).on('error', () => {});
      toClose.push(() => opened.destroy());
      session = opened;
    }
    const stream = session.request({ ...requestHeaders(shape), ...headers }, requestOptions);
    return { stream, answer: answerOf(stream) };
  };

  return {
    get server() {
      return server;
    },
    handled,
    hidden,
    call,
    async listen() {
      const { service = Lab, implementation = inAllShapes(echo) } = options;
      server = await serve('http://127.0.0.1:0', implement.partial(service, implementation), {
        onError: error => hidden.push(error),
        ...options.serve,
      });
      toClose.push(() => server.shutdown({ graceMs: 0 }));
    },
    async handler(n) {
      await until(() => handled.length > n);
      return handled[n]!;
    },
    connect(clientOptions = {}) {
      const client = rawClient(server.port, clientOptions);
      toClose.push(() => client.socket.destroy());
      return client;
    },
    async livesOn() {
      await settled(() => running + inspect(server).calls.length);
      expect(running, 'handlers that have not ended').to.equal(0);
      expect(inspect(server).calls, 'live calls').to.deep.equal([]);
      isEndless = false;
      const { stream, answer } = call('unary');
      stream.end(message({ n: 99 }));
      const { trailers, bytes } = await answer;
      expect(trailers).to.include({ 'grpc-status': '0' });
      expect(bytes).to.deep.equal(message({ n: 99 }));
    },
  };
}

async function answerOf(stream: http2.ClientHttp2Stream): Promise<Answer> {
  let headers = {};
  let trailers: http2.IncomingHttpHeaders = {};
  const chunks: Buffer[] = [];
  stream.on('error', () => {});
  stream.on('response', received => {
    headers = received;
    if ('grpc-status' in received) trailers = received;
  });
  stream.on('trailers', received => {
    trailers = received;
  });
  stream.on('data', chunk => chunks.push(chunk));
  // The server's half: a call that it has ended may remain open on the other side.
  await new Promise<unknown>(resolve => stream.once('end', resolve).once('close', resolve));
  return { headers, trailers, bytes: Buffer.concat(chunks), resetCode: stream.rstCode ?? 0 };
}
