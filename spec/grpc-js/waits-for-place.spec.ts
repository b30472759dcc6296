import { expect } from 'chai';
import { concat, finalize, NEVER, type Observable, of, switchMap, take } from 'rxjs';
import { type CallReport, Code, inspect, toAsyncIterable } from '../../lib/index.ts';
import { callOf, inAllShapes, type LabClient, useBench } from '../support/bench.ts';
import { deferred } from '../support/deferred.ts';
import { type Note, type Shape, shapes } from '../support/lab.ts';
import { record } from '../support/record.ts';
import { settled } from '../support/settled.ts';
import {
  data,
  type Frame,
  frame,
  goAway,
  HEADERS,
  message,
  NO_ERROR,
  type RawPeer,
  RST_STREAM,
  responseHeaders,
  SETTINGS,
  setting,
  trailers,
} from './raw-peer.ts';
import { usePeers } from './use-peers.ts';

const note: Note = { n: 1 };
const ACK = 1;
const MAX_CONCURRENT_STREAMS = 3;

const answer = (peer: RawPeer, id: number): void =>
  peer.send(responseHeaders(id), data(id, message(note)), trailers(id, { 'grpc-status': '0' }));

/** The frames that show the order on the wire: resets, SETTINGS probes, and calls. */
const order = (frames: readonly Frame[]): string[] =>
  frames.flatMap(({ type, flags }) => {
    if (type === RST_STREAM) return ['reset'];
    if (type === HEADERS) return ['call'];
    return type === SETTINGS && flags !== ACK ? ['settings'] : [];
  });

/** Resolves when this many calls of the client wait for a stream. */
const waiting = async (client: LabClient, n: number): Promise<void> => {
  const count = () => inspect(client).calls.filter(({ sent }) => sent.waitsFor === 'stream').length;
  expect(await settled(count)).to.equal(n);
};

describe('A call that waits for a stream of its connection (grpc-js)', () => {
  const peers = usePeers();

  /** A running call on a peer that allows one, and a waiting call of any shape. */
  async function oneWaits(shape: Shape = 'bidi') {
    const { peer, client } = await peers.run({ maxConcurrentStreams: 1 });
    const first = record(client.bidi(concat(of(note), NEVER)));
    const firstId = await peer.stream(0);
    const second = record(callOf(client, shape, of(note)));
    await waiting(client, 1);
    return { peer, client, first, firstId, second };
  }

  for (const shape of shapes) {
    it(`starts when a running call is cancelled and the server has acknowledged that: ${shape}`, async () => {
      const { peer, first, second } = await oneWaits(shape);
      first.subscription.unsubscribe();
      answer(peer, await peer.stream(1));
      expect(await second.ending).to.deep.equal({});
      expect(second.values).to.deep.equal([note]);
      expect(order(peer.frames())).to.deep.equal(['settings', 'call', 'reset', 'settings', 'call']);
      expect(peer.connections).to.have.lengthOf(1);
    });
  }

  it('starts at once when the server has closed a stream, without a probe', async () => {
    const { peer, client } = await peers.run({ maxConcurrentStreams: 1 });
    const recordings = Array.from({ length: 5 }, () => record(client.unary(note)));
    for (let n = 0; n < 5; n++) {
      const id = await peer.stream(n);
      await peer.seen(({ stream, flags }) => stream === id && flags % 2 === 1); // our END_STREAM
      await settled(() => peer.frames().length);
      answer(peer, id);
    }
    for (const { ending } of recordings) expect(await ending).to.deep.equal({});
    expect(order(peer.frames())).to.deep.equal(['settings', 'call', 'call', 'call', 'call', 'call']);
  });

  it('also probes when a half-close after the status ends the stream', async () => {
    const { peer, first, firstId, second } = await oneWaits();
    answer(peer, firstId);
    expect(await first.ending).to.deep.equal({});
    answer(peer, await peer.stream(1));
    expect(await second.ending).to.deep.equal({});
    expect(order(peer.frames())).to.deep.equal(['settings', 'call', 'settings', 'call']);
  });

  it('starts when the stream of a running call is closed, though nobody reads its responses', async () => {
    const { peer, client } = await peers.run({ maxConcurrentStreams: 1 });
    const answers = toAsyncIterable(client.serverStream(note))[Symbol.asyncIterator]();
    const first = answers.next();
    const id = await peer.stream(0);
    const second = record(client.unary(note));
    await waiting(client, 1);
    const many = Array.from({ length: 100 }, () => data(id, message(note)));
    peer.send(responseHeaders(id), ...many, trailers(id, { 'grpc-status': '0' }));
    answer(peer, await peer.stream(1));
    expect(await second.ending).to.deep.equal({});
    let read = (await first).done ? 0 : 1;
    for (let next = await answers.next(); !next.done; next = await answers.next()) read++;
    expect(read).to.equal(100);
  });

  it('starts when the server allows more streams', async () => {
    const { peer, second } = await oneWaits();
    peer.send(frame(SETTINGS, 0, 0, setting(MAX_CONCURRENT_STREAMS, 2)));
    answer(peer, await peer.stream(1));
    expect(await second.ending).to.deep.equal({});
  });

  it('is never sent when it is cancelled or its deadline passes, which its error explains', async () => {
    const { peer, client, first, second } = await oneWaits();
    second.subscription.unsubscribe();
    await waiting(client, 0);
    const late = record(client.unary(note, { timeoutMs: 30 }));
    const { error } = await late.ending;
    expect(error).to.include({ code: Code.DEADLINE_EXCEEDED });
    expect((error as Error).message).to.include('waits for a stream (the server allows 1 at a time on a connection)');
    first.subscription.unsubscribe();
    await settled(() => peer.frames().length);
    expect(order(peer.frames())).to.deep.equal(['settings', 'call', 'reset']);
    expect(inspect(client).calls).to.deep.equal([]);
  });

  for (const [how, leave] of [
    ['gets a GOAWAY', (peer: RawPeer, id: number) => peer.send(goAway(id, NO_ERROR))],
    ['is lost', (peer: RawPeer) => peer.connections[0]!.destroy()],
  ] as const) {
    for (const shape of shapes) {
      it(`starts on another connection when its own ${how}: ${shape}`, async () => {
        const { peer, first, firstId, second } = await oneWaits(shape);
        leave(peer, firstId);
        answer(peer, await peer.stream(1));
        expect(await second.ending).to.deep.equal({});
        expect(second.values).to.deep.equal([note]);
        expect(peer.connections).to.have.lengthOf(2);
        first.subscription.unsubscribe();
      });
    }
  }
});

describe('Calls to a Node server with a stream limit', () => {
  const bench = useBench();
  const limited = (n: number) => ({ serverOptions: { 'grpc.max_concurrent_streams': n } });

  it('start when another one is cancelled, in every shape', async () => {
    const lab = await bench.run(
      inAllShapes(request$ => request$),
      limited(1),
    );
    const client = bench.connect(lab.server, { channelOptions: { 'grpc.per_rpc_retry_buffer_size': 4096 } });
    for (const shape of shapes) {
      const first = record(client.bidi(concat(of(note), NEVER)));
      await first.received(1);
      const second = record(callOf(client, shape, of(note)));
      await waiting(client, 1);
      first.subscription.unsubscribe();
      expect(await second.ending).to.deep.equal({});
      expect(second.values).to.deep.equal([note]);
    }
  });

  it('start when they are made in the turn in which another one is cancelled (switchMap)', async () => {
    const { client } = await bench.run({ bidi: request$ => request$ }, limited(1));
    for (let round = 0; round < 20; round++) {
      const first = record(
        client.bidi(concat(of(note), NEVER)).pipe(
          take(1),
          switchMap(() => client.bidi(of(note))),
        ),
      );
      expect(await first.ending).to.deep.equal({});
      expect(first.values).to.deep.equal([note]);
    }
  });

  it('start, 150 of them, when 150 others are cancelled at once, and never more than 150 run', async () => {
    const n = 150;
    let starts = 0;
    let running = 0;
    let most = 0;
    const isFull = deferred();
    const handler = (request$: Observable<Note>) => {
      most = Math.max(most, ++running);
      if (++starts === n) isFull.resolve();
      return request$.pipe(finalize(() => running--));
    };
    const { client } = await bench.run({ bidi: handler }, limited(n));
    const first = Array.from({ length: n }, () => record(client.bidi(NEVER)));
    await isFull.promise;
    const second = Array.from({ length: n }, () => record(client.bidi(of(note))));
    await waiting(client, n);
    for (const { subscription } of first) subscription.unsubscribe();
    for (const { ending } of second) expect(await ending).to.deep.equal({});
    expect(starts).to.equal(2 * n);
    expect(most).to.equal(n);
  });

  it('are listed by inspect: what waits, since when, and events', async () => {
    const { client } = await bench.run({ bidi: request$ => request$ }, limited(1));
    const events: string[] = [];
    const tell = (event: string) => (report: CallReport, direction: string) => {
      if (direction === 'sent') events.push(`${event} ${report.sent.waitsFor}`);
    };
    inspect(client).on('paused', tell('paused')).on('resumed', tell('resumed'));
    const first = record(client.bidi(concat(of(note), NEVER)));
    await first.received(1);
    const before = Date.now();
    const second = record(client.bidi(of(note)));
    await waiting(client, 1);
    const [running, waits] = inspect(client).calls;
    expect(running!.sent.waitsFor).to.equal(undefined);
    expect(waits!.sent.waitsSince!.getTime()).to.be.within(before, Date.now());
    first.subscription.unsubscribe();
    expect(await second.ending).to.deep.equal({});
    expect(events).to.deep.equal(['paused stream', 'resumed undefined']);
  });
});
