import { once } from 'node:events';
import http2 from 'node:http2';
import type net from 'node:net';
import { expect } from 'chai';
import { concat, NEVER, Observable, of, Subject } from 'rxjs';
import { type CallOptions, close, connect } from '../../lib/index.ts';
import { callOf, type LabClient, streaming } from '../support/bench.ts';
import { deferred } from '../support/deferred.ts';
import { Lab, type Note, type Shape, shapes } from '../support/lab.ts';
import { record } from '../support/record.ts';
import { leftovers, watchSessions } from './leftovers.ts';
import { random } from './random.ts';
import {
  CANCEL,
  DATA,
  data,
  endings,
  HEADERS,
  isEndOfStream,
  message,
  type RawPeer,
  RST_STREAM,
  responseHeaders,
  trailers,
} from './raw-peer.ts';
import { usePeers } from './use-peers.ts';

const note: Note = { n: 1 };
const large: Note = { n: 1, text: 'x'.repeat(1_000_000) };
const SMALL_WINDOW = 20_000;
const CANCELLED = `RST_STREAM ${CANCEL}`;

interface Started {
  cancel(): void;
  readonly ending: Promise<{ readonly error?: unknown }>;
}

/** Each starts a call, and returns how to cut it short. */
const ways: Readonly<
  Record<string, (client: LabClient, shape: Shape, request$: Observable<Note>, timeoutMs?: number) => Started>
> = {
  unsubscribing: (client, shape, request$) => {
    const { subscription, ending } = record(callOf(client, shape, request$));
    return { cancel: () => subscription.unsubscribe(), ending };
  },
  'an AbortSignal': (client, shape, request$) => {
    const controller = new AbortController();
    const { ending } = record(callOf(client, shape, request$, { signal: controller.signal }));
    return { cancel: () => controller.abort(), ending };
  },
  'an error of request$': (client, shape, request$) => {
    const error$ = new Subject<never>();
    const failing$ = new Observable<Note>(subscriber => {
      error$.subscribe(subscriber);
      request$.subscribe({ next: value => subscriber.next(value), complete: () => subscriber.complete() });
    });
    const { ending } = record(callOf(client, shape, failing$));
    return { cancel: () => error$.error(new Error('mine')), ending };
  },
  'its deadline': (client, shape, request$, timeoutMs = 400) => {
    const options: CallOptions = { timeoutMs };
    return { cancel: () => {}, ending: record(callOf(client, shape, request$, options)).ending };
  },
  'close(client)': (client, shape, request$) => {
    const { ending } = record(callOf(client, shape, request$));
    return { cancel: () => close(client), ending };
  },
};

const isErrorOfRequests = (way: string): boolean => way === 'an error of request$';

/** A request$ that stays open where possible: a single request is sent only when it is known to be the only one. */
const open = (shape: Shape, way: string): Observable<Note> =>
  streaming(shape).requests || isErrorOfRequests(way) ? concat(of(large), NEVER) : of(large);

const reset =
  (stream: number) =>
  (frame: { type: number; stream: number }): boolean =>
    frame.type === RST_STREAM && frame.stream === stream;

const sent = (peer: RawPeer, stream: number): number =>
  peer.frames(stream).reduce((sum, { type, payload }) => sum + (type === DATA ? payload.length : 0), 0);

/** Makes a unary call on the n-th stream, which the peer answers. */
async function isUsable(peer: RawPeer, client: LabClient, n: number): Promise<void> {
  const { values, ending } = record(client.unary(note));
  const stream = await peer.stream(n);
  peer.send(responseHeaders(stream), data(stream, message({ n: 2 })), trailers(stream, { 'grpc-status': '0' }));
  expect([await ending, values]).to.deep.equal([{}, [{ n: 2 }]]);
  expect(peer.connections).to.have.lengthOf(1);
}

describe('A cancelled call sends a reset and nothing else', () => {
  const peers = usePeers();

  for (const [way, start] of Object.entries(ways)) {
    describe(`by ${way}`, () => {
      const leavesClient = way !== 'close(client)';

      for (const shape of shapes) {
        it(`while it is idle: ${shape}`, async () => {
          const { peer, client } = await peers.run();
          const call = start(client, shape, concat(of(note), NEVER));
          const stream = await peer.stream(0);
          if (streaming(shape).requests) await peer.seen(({ type }) => type === DATA);
          call.cancel();
          await peer.seen(reset(stream));
          expect(endings(peer.frames(stream))).to.deep.equal([CANCELLED]);
          if (leavesClient) await isUsable(peer, client, 1);
        });

        it(`while it waits for a stream: ${shape}`, async () => {
          const { peer, client } = await peers.run({ maxConcurrentStreams: 1 });
          const first = record(client.bidi(NEVER));
          const stream = await peer.stream(0);
          const call = start(client, shape, open(shape, way));
          call.cancel();
          if (way === 'its deadline') await call.ending;
          if (!leavesClient) {
            await peer.seen(reset(stream));
            expect(peer.frames().filter(({ type }) => type === HEADERS)).to.have.lengthOf(1);
            return;
          }
          peer.send(responseHeaders(stream), trailers(stream, { 'grpc-status': '0' }));
          expect(await first.ending).to.deep.equal({});
          await isUsable(peer, client, 1);
          const others = peer.frames().filter(frame => frame.stream > stream);
          expect(endings(others)).to.deep.equal(['END_STREAM']); // from the last call
        });

        it(`before there is a connection: ${shape}`, async () => {
          const { peer, client } = await peers.run({ isSilent: true });
          const call = start(client, shape, open(shape, way), 1);
          while (peer.connections.length === 0) await new Promise(setImmediate);
          call.cancel();
          if (way === 'its deadline') await call.ending;
          if (!leavesClient) return;
          const answer = isUsable(peer, client, 0);
          peer.greet();
          await answer;
          expect(endings(peer.frames())).to.deep.equal(['END_STREAM']); // from the last call
        });

        if (streaming(shape).requests || !isErrorOfRequests(way)) {
          it(`while it is busy, with an exhausted window and more to write: ${shape}`, async () => {
            const { peer, client } = await peers.run({ window: SMALL_WINDOW });
            const call = start(client, shape, open(shape, way));
            const stream = await peer.stream(0);
            await peer.seen(() => sent(peer, stream) === SMALL_WINDOW);
            call.cancel();
            await peer.seen(reset(stream));
            expect(endings(peer.frames(stream))).to.deep.equal([CANCELLED]);
            if (leavesClient) await isUsable(peer, client, 1);
          });
        }

        if (!isErrorOfRequests(way)) {
          it(`after it was half-closed: ${shape}`, async () => {
            const { peer, client } = await peers.run();
            const call = start(client, shape, of(note));
            const stream = await peer.stream(0);
            await peer.seen(isEndOfStream);
            call.cancel();
            await peer.seen(reset(stream));
            expect(endings(peer.frames(stream))).to.deep.equal(['END_STREAM', CANCELLED]);
            if (leavesClient) await isUsable(peer, client, 1);
          });
        }
      }
    });
  }

  for (const shape of shapes) {
    it(`and Node's own HTTP/2 reports it as aborted before its end, with CANCEL: ${shape}`, async () => {
      const seen: string[] = [];
      const started = deferred();
      const closed = deferred();
      const server = http2.createServer();
      server.on('stream', stream => {
        stream.resume();
        stream.on('aborted', () => seen.push('aborted'));
        stream.on('end', () => seen.push(`end ${stream.rstCode}`));
        stream.on('error', () => {});
        stream.on('close', () => closed.resolve());
        started.resolve();
      });
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      peers.onEnd(() => server.close());
      const client = connect(Lab, `http://127.0.0.1:${(server.address() as net.AddressInfo).port}`);
      peers.onEnd(() => close(client));
      const { subscription } = record(callOf(client, shape, NEVER));
      await started.promise;
      subscription.unsubscribe();
      await closed.promise;
      expect(seen).to.deep.equal(['aborted', `end ${CANCEL}`]);
    });
  }

  it('at 200 random moments, and leaves no stream, listener or call behind', async () => {
    const sessions = watchSessions(peers);
    const { peer, client } = await peers.run();
    await isUsable(peer, client, 0);
    const before = await leftovers(sessions);
    const next = random(5);
    for (let i = 0; i < 200; i++) {
      const request$ = new Subject<Note>();
      const shape = shapes[next(4)]!;
      const way = ['unsubscribing', 'an AbortSignal', 'an error of request$'][next(3)]!;
      const call = ways[way]!(client, shape, request$);
      for (let turns = next(12); turns > 0; turns--) {
        if (next(3) === 0) request$.next({ n: turns, text: 'x'.repeat(next(30_000)) });
        await new Promise(setImmediate);
      }
      call.cancel();
    }
    const seen = new Set(peer.frames().flatMap(({ type, stream }) => (type === HEADERS ? [stream] : [])));
    await isUsable(peer, client, seen.size);
    const endingsSeen = [...seen].slice(1).map(stream => endings(peer.frames(stream)).join());
    expect(endingsSeen.filter(ending => ending !== CANCELLED)).to.deep.equal([]);
    expect(seen.size).to.be.greaterThan(100);
    const after = await leftovers(sessions);
    expect(after.listeners).to.deep.equal(before.listeners);
    expect(after.streams).to.be.at.most(before.streams + 2);
  });

  it('only with the patch: without it a half-close precedes the reset', async () => {
    for (const [adjust, expected] of [
      ['on', [CANCELLED]],
      ['off', ['END_STREAM', CANCELLED]],
    ] as const) {
      const { peer } = await peers.run();
      const done = peers.inChild(adjust, 'cancel', peer.target);
      const stream = await peer.stream(0);
      await peer.seen(({ type }) => type === DATA);
      peer.send(responseHeaders(stream));
      expect(await done).to.equal('cancelled');
      await peer.seen(reset(stream));
      expect(endings(peer.frames(stream))).to.deep.equal(expected);
    }
  });
});
