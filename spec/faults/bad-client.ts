import { once } from 'node:events';
import http2 from 'node:http2';
import net from 'node:net';
import { expect } from 'chai';
import { Observable } from 'rxjs';
import { inspect } from '../../lib/live-calls.ts';
import { implement } from '../../lib/server/implement.ts';
import { type ServeOptions, type Server, serve } from '../../lib/server/serve.ts';
import type { ServerCall } from '../../lib/server-call.ts';
import { data, type Frame, frame, headerBlock, message } from '../grpc-js/raw-peer.ts';
import { inAllShapes, type LabImplementation } from '../support/bench.ts';
import { deferred } from '../support/deferred.ts';
import { Lab, type Note, type Shape } from '../support/lab.ts';
import { settled } from '../support/settled.ts';
import { watch } from './memory.ts';

export const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
const SETTINGS = 4;
const ACK = 1;
const HEAD_BYTES = 9;

/** What one call of our handler saw. */
export interface Handled {
  readonly call: ServerCall;
  readonly values: readonly Note[];
  /** Resolves when so many requests have come. */
  received(n: number): Promise<void>;
  /** How request$ ended: completed when there is no error. */
  readonly ending: Promise<{ readonly error?: unknown }>;
  /** Resolves when response$ has been unsubscribed or has ended. */
  readonly over: Promise<void>;
}

/** What the bad client saw of a call that it made with node:http2. */
export interface Answer {
  readonly headers: http2.IncomingHttpHeaders & http2.IncomingHttpStatusHeader;
  /** The status is here, also of a response that is trailers only. */
  readonly trailers: http2.IncomingHttpHeaders;
  readonly bytes: Buffer;
  readonly resetCode: number;
}

export interface BadCall {
  readonly stream: http2.ClientHttp2Stream;
  readonly answer: Promise<Answer>;
}

/** A client of frames that keeps no rule but the one it is told to. */
export interface RawClient {
  readonly socket: net.Socket;
  /** All that came, but SETTINGS. */
  readonly frames: readonly Frame[];
  /** Resolves when such a frame has come, or with undefined when the server has closed the connection before. */
  seen(predicate: (frame: Frame) => boolean): Promise<Frame | undefined>;
  send(...frames: readonly Buffer[]): void;
  /** Sends the HEADERS of a call and gives the number of its stream. */
  open(shape: Shape): number;
  readonly closed: Promise<void>;
}

/** Our server, which counts, and bad clients of it. */
export interface Victim {
  readonly server: Server;
  readonly handled: readonly Handled[];
  /** What onError was told. */
  readonly hidden: readonly unknown[];
  /** Resolves with the n-th call of a handler, from 0, as soon as it has begun. */
  handler(n: number): Promise<Handled>;
  call(shape: Shape, headers?: http2.OutgoingHttpHeaders, options?: http2.ClientSessionRequestOptions): BadCall;
  connect(options?: RawClientOptions): RawClient;
  /** Every handler that began has ended, nothing of a call is left, and the next one is served. */
  livesOn(): Promise<void>;
}

export interface RawClientOptions {
  /** Bytes that the server may send on a stream before it is given more. Default: 65,535. */
  readonly window?: number;
  /** What takes the place of preface and SETTINGS. */
  readonly greeting?: Buffer;
}

export interface VictimOptions {
  readonly serve?: ServeOptions;
  readonly service?: typeof Lab;
  /** The handlers do not end by themselves. Default: false. */
  readonly isEndless?: boolean;
  /** Default: the handlers echo, the last request where there is one response, and end with the half-close. */
  readonly implementation?: LabImplementation;
}

export interface BadClients {
  run(options?: VictimOptions): Promise<Victim>;
}

/** For a `describe`: servers and bad clients, closed after each spec of it. */
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
      // On the side: what request$ is told is to be seen whatever becomes of response$.
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
    if (session === undefined || session.closed) {
      const opened = http2.connect(server.target, { maxSendHeaderBlockLength: 2 ** 20 }).on('error', () => {});
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
      const client = rawClient(server, clientOptions);
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

function requestHeaders(shape: Shape): Record<string, string> {
  return {
    ':method': 'POST',
    ':scheme': 'http',
    ':path': Lab[shape].path,
    ':authority': 'localhost',
    'content-type': 'application/grpc',
    te: 'trailers',
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
  // The server's half: a call that it has ended may stay open from the other side.
  await Promise.race([once(stream, 'end'), once(stream, 'close')]);
  return { headers, trailers, bytes: Buffer.concat(chunks), resetCode: stream.rstCode ?? 0 };
}

function rawClient(server: Server, { window, greeting }: RawClientOptions): RawClient {
  const socket = net.connect(server.port, '127.0.0.1').setNoDelay();
  const frames: Frame[] = [];
  const watchers = new Set<() => void>();
  let next = 1;
  let bytes = Buffer.alloc(0);
  socket.on('error', () => {});
  socket.on('data', chunk => {
    bytes = bytes.length === 0 ? chunk : Buffer.concat([bytes, chunk]);
    while (bytes.length >= HEAD_BYTES) {
      const length = HEAD_BYTES + bytes.readUIntBE(0, 3);
      if (bytes.length < length) break;
      const [type, flags] = [bytes[3]!, bytes[4]!];
      if (type === SETTINGS && !(flags & ACK)) socket.write(frame(SETTINGS, ACK, 0));
      if (type !== SETTINGS) {
        frames.push({ type, flags, stream: bytes.readUInt32BE(5), payload: bytes.subarray(HEAD_BYTES, length) });
      }
      bytes = bytes.subarray(length);
    }
    for (const tell of watchers) tell();
  });
  const closed = new Promise<void>(resolve => socket.once('close', () => resolve()));
  const settings = window === undefined ? Buffer.alloc(0) : initialWindow(window);
  socket.write(greeting ?? Buffer.concat([PREFACE, frame(SETTINGS, 0, 0, settings)]));
  return {
    socket,
    frames,
    closed,
    seen: predicate =>
      new Promise(resolve => {
        const look = (): void => {
          const found = frames.find(predicate);
          if (found === undefined && !socket.destroyed) return;
          watchers.delete(look);
          resolve(found);
        };
        watchers.add(look);
        closed.then(look);
        look();
      }),
    send: (...all) => socket.write(Buffer.concat(all)),
    open(shape) {
      const id = next;
      next += 2;
      socket.write(headerBlock(id, requestHeaders(shape), false));
      return id;
    },
  };
}

function initialWindow(bytes: number): Buffer {
  const setting = Buffer.alloc(6);
  setting.writeUInt16BE(4);
  setting.writeUInt32BE(bytes, 2);
  return setting;
}

/** A point at which a request can be broken. */
export interface RequestPoint {
  readonly at: string;
  /** What was sent until then, after the HEADERS. */
  readonly sent: (id: number) => Buffer[];
  /** The messages that have come whole. */
  readonly notes: readonly Note[];
  /** What is still to come, and all messages then. */
  readonly rest: (id: number) => Buffer[];
  readonly allNotes: readonly Note[];
}

const one: Note = { n: 1 };
const two: Note = { n: 2 };
const cut = message(one).length + 9;
const both = Buffer.concat([message(one), message(two)]);

/** There has been no half-close at any of these. */
export const requestPoints: readonly RequestPoint[] = [
  {
    at: 'after the headers',
    sent: () => [],
    notes: [],
    rest: id => [data(id, message(one), true)],
    allNotes: [one],
  },
  {
    at: 'in the middle of a message',
    sent: id => [data(id, both.subarray(0, cut))],
    notes: [one],
    rest: id => [data(id, both.subarray(cut), true)],
    allNotes: [one, two],
  },
  {
    at: 'between messages',
    sent: id => [data(id, message(one))],
    notes: [one],
    rest: id => [data(id, message(two), true)],
    allNotes: [one, two],
  },
  {
    at: 'after the last message, before the half-close',
    sent: id => [data(id, both)],
    notes: [one, two],
    rest: id => [data(id, Buffer.alloc(0), true)],
    allNotes: [one, two],
  },
];
