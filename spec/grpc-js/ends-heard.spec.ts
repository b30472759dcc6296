import { once } from 'node:events';
import { expect } from 'chai';
import { concat, NEVER, Observable, of } from 'rxjs';
import { close } from '../../lib/index.ts';
import { callOf, inAllShapes, useBench } from '../support/bench.ts';
import { deferred } from '../support/deferred.ts';
import { type Note, type Shape, shapes } from '../support/lab.ts';
import { errorOf, record } from '../support/record.ts';
import { settled } from '../support/settled.ts';
import { type RawClient, rawClient } from './raw-client.ts';
import {
  CANCEL,
  DATA,
  data,
  endings,
  INTERNAL_ERROR,
  message,
  NO_ERROR,
  type RawPeer,
  RST_STREAM,
  reset,
  responseHeaders,
  trailers,
  trailersOnly,
} from './raw-peer.ts';
import { usePeers } from './use-peers.ts';

const note: Note = { n: 1 };
const large: Note = { n: 1, text: 'x'.repeat(1_000_000) };
const WINDOW = 20_000;
const NO_STATUS = { code: 13, details: 'Received RST_STREAM with code 0 (Call ended without gRPC status)' };
const UNAVAILABLE = { code: 14, details: 'Received HTTP status code 503' };

/** Requests that never end: none that could be sent, or more than the window allows. */
const uploads: readonly [name: string, shapes: readonly Shape[], request$: Observable<Note>][] = [
  ['an idle upload', shapes, NEVER],
  ['a large upload', ['clientStream', 'bidi'], concat(of(large), NEVER)],
  ['a large request', ['unary', 'serverStream'], of(large)],
];

/** How a server may end a call without a status. */
const ends: readonly [name: string, frames: (stream: number) => Buffer[], error: object][] = [
  ['a reset with NO_ERROR', stream => [reset(stream, NO_ERROR)], NO_STATUS],
  ['HEADERS and a reset with NO_ERROR', stream => [responseHeaders(stream), reset(stream, NO_ERROR)], NO_STATUS],
  ['DATA that ends the stream', stream => [responseHeaders(stream), data(stream, message(note), true)], NO_STATUS],
  [
    'a page of HTTP',
    stream => [responseHeaders(stream, { ':status': '503' }), data(stream, Buffer.from('<p>'), true)],
    UNAVAILABLE,
  ],
];

describe('The end of a call by the server is noticed', () => {
  const peers = usePeers();

  /** The connection closes when the client is closed and no stream is left. */
  async function leavesNothing(peer: RawPeer, client: object): Promise<void> {
    const closed = once(peer.connections[0]!, 'close');
    close(client);
    await closed;
  }

  for (const [upload, ofShapes, request$] of uploads) {
    for (const shape of ofShapes) {
      for (const [end, frames, error] of ends) {
        it(`${end} during ${upload}: ${shape}`, async () => {
          const { peer, client } = await peers.run({ window: WINDOW });
          const ending = errorOf(callOf(client, shape, request$));
          const stream = await peer.stream(0);
          if (request$ !== NEVER) await peer.seen(({ type }) => type === DATA);
          peer.send(...frames(stream));
          expect(await ending).to.include(error);
          await leavesNothing(peer, client);
        });
      }

      it(`a status during ${upload}, after which the server reads no more: ${shape}`, async () => {
        const { peer, client } = await peers.run({ window: WINDOW });
        const ending = errorOf(callOf(client, shape, request$));
        const stream = await peer.stream(0);
        if (request$ !== NEVER) await peer.seen(({ type }) => type === DATA);
        peer.send(trailersOnly(stream, { 'grpc-status': '5' }));
        expect(await ending).to.include({ code: 5 });
        await peer.seen(() => endings(peer.frames(stream)).length > 0);
        expect(endings(peer.frames(stream))).to.deep.equal([request$ === NEVER ? 'END_STREAM' : 'RST_STREAM 0']);
        await leavesNothing(peer, client);
      });
    }
  }

  for (const shape of ['serverStream', 'bidi'] as const) {
    it(`after the responses before it: ${shape}`, async () => {
      const { peer, client } = await peers.run();
      const { values, ending } = record(callOf(client, shape, NEVER));
      const stream = await peer.stream(0);
      const frames = Array.from({ length: 50 }, (_, n) => data(stream, message({ n }), n === 49));
      peer.send(responseHeaders(stream), ...frames);
      expect((await ending).error).to.include(NO_STATUS);
      expect(values).to.have.lengthOf(50);
    });
  }

  for (const shape of ['unary', 'clientStream'] as const) {
    it(`two responses are an error at once, although the server sends nothing more: ${shape}`, async () => {
      const { peer, client } = await peers.run();
      const ending = errorOf(callOf(client, shape, of(note)));
      const stream = await peer.stream(0);
      peer.send(responseHeaders(stream), data(stream, message(note)), data(stream, message(note)));
      expect(await ending).to.include({ code: 12, details: 'expected one response, got a second one' });
      await peer.seen(({ type }) => type === RST_STREAM);
      expect(endings(peer.frames(stream)).at(-1)).to.equal(`RST_STREAM ${CANCEL}`);
    });
  }

  it('a complete response is not mistaken for an end', async () => {
    const { peer, client } = await peers.run();
    const { values, ending } = record(client.bidi(NEVER));
    const stream = await peer.stream(0);
    peer.send(responseHeaders(stream), data(stream, message(note)), trailers(stream, { 'grpc-status': '0' }));
    expect([await ending, values]).to.deep.equal([{}, [note]]);
    await leavesNothing(peer, client);
  });

  it('only with the patch: without it the call hangs', async () => {
    for (const [adjust, end] of [
      ['on', 'INTERNAL'],
      ['off', 'DEADLINE_EXCEEDED'],
    ] as const) {
      const { peer } = await peers.run({ window: WINDOW });
      const said = peers.inChild(adjust, 'upload', peer.target);
      const stream = await peer.stream(0);
      await peer.seen(({ type }) => type === DATA);
      // An end without a status; Node 26 itself reports a reset with NO_ERROR.
      peer.send(responseHeaders(stream), data(stream, Buffer.alloc(0), true));
      expect(await said).to.equal(end);
    }
  });
});

describe('The end of a call by the client is noticed', () => {
  const bench = useBench();

  const endless = (subscribed: () => void, tornDown: () => void): Observable<Note> =>
    new Observable(() => {
      subscribed();
      return tornDown;
    });

  const busy = (subscribed: () => void, tornDown: () => void): Observable<Note> =>
    new Observable(subscriber => {
      for (let n = 0; n < 10; n++) subscriber.next(large);
      subscribed();
      return tornDown;
    });

  const clientEnds: readonly [name: string, end: (client: RawClient) => void][] = [
    ['a reset with NO_ERROR', client => client.send(reset(1, NO_ERROR))],
    ['a reset with CANCEL', client => client.send(reset(1, CANCEL))],
    ['a reset with INTERNAL_ERROR', client => client.send(reset(1, INTERNAL_ERROR))],
    ['the end of the connection', client => client.socket.end()],
    ['the loss of the connection', client => client.socket.destroy()],
    ['a reset of the connection', client => client.socket.resetAndDestroy()],
  ];

  const requests: readonly [name: string, frames: Buffer[]][] = [
    ['no request', []],
    ['requests', Array.from({ length: 40 }, () => data(1, message(note)))],
    ['requests, half-closed', [data(1, message(note), true)]],
  ];

  for (const [sort, response] of [
    ['whose response$ never ends', endless],
    ['that is busy sending', busy],
  ] as const) {
    for (const [came, frames] of requests) {
      for (const [end, say] of clientEnds) {
        for (const isRead of [true, false]) {
          it(`${end}, by a handler ${sort} (${came}, ${isRead ? 'read' : 'unread'})`, async () => {
            const started = deferred();
            const aborted = deferred();
            const tornDown = deferred();
            const heard: unknown[] = [];
            const { server } = await bench.run(
              inAllShapes((request$, call) => {
                call.signal.addEventListener('abort', () => aborted.resolve());
                if (isRead) request$.subscribe({ error: error => heard.push(error.codeName), complete: () => heard.push('complete') });
                return response(started.resolve, tornDown.resolve);
              }),
            ); // biome-ignore format: in one
            const client = await rawClient(server.port, 'Bidi');
            bench.onEnd(() => client.socket.destroy());
            client.send(...frames);
            await started.promise;
            await settled(() => heard.length);
            say(client);
            await Promise.all([aborted.promise, tornDown.promise]);
            if (isRead) expect(heard).to.deep.equal([came.includes('half-closed') ? 'complete' : 'CANCELLED']);
          });
        }
      }
    }
  }

  it('a half-close and a reset with NO_ERROR in one packet do not complete request$', async () => {
    const heard = deferred<unknown>();
    const started = deferred();
    const { server } = await bench.run({
      bidi: request$ => {
        request$.subscribe({
          error: error => heard.resolve(error.codeName),
          complete: () => heard.resolve('complete'),
        });
        started.resolve();
        return NEVER;
      },
    });
    const client = await rawClient(server.port, 'Bidi');
    bench.onEnd(() => client.socket.destroy());
    await started.promise;
    client.send(data(1, message(note), true), reset(1, NO_ERROR));
    expect(await heard.promise).to.equal('CANCELLED');
  });
});
