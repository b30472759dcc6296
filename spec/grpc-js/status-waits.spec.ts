import { once } from 'node:events';
import { gzipSync } from 'node:zlib';
import { expect } from 'chai';
import { concat, map, NEVER, Observable, of, range, throwError } from 'rxjs';
import {
  type CallOptions,
  Code,
  close,
  connect,
  implement,
  RpcError,
  serve,
  toAsyncIterable,
} from '../../lib/index.ts';
import type { LabClient } from '../support/bench.ts';
import { deferred } from '../support/deferred.ts';
import { Lab, type Note } from '../support/lab.ts';
import { record } from '../support/record.ts';
import { tls } from '../support/tls.ts';
import { leftovers, watchSessions } from './leftovers.ts';
import {
  CANCEL,
  DATA,
  data,
  endings,
  goAway,
  HEADERS,
  INTERNAL_ERROR,
  isEndOfStream,
  message,
  NO_ERROR,
  type RawPeer,
  reset,
  responseHeaders,
  trailers,
  trailersOnly,
} from './raw-peer.ts';
import { usePeers } from './use-peers.ts';

const NOT_FOUND = { 'grpc-status': '5', 'grpc-message': 'no such user', 'x-trailer': 't' };
const OK = { 'grpc-status': '0', 'x-trailer': 't' };
const notFound = 'NOT_FOUND: no such user, x-trailer t';

interface Outcome {
  readonly notes: readonly Note[];
  /** Outcomes with the code's name, the details and the trailer. */
  readonly end: string;
}

type Reader = (response$: Observable<Note>) => Promise<Outcome>;

const readers: Readonly<Record<string, Reader>> = {
  'a fast reader': async response$ => {
    const { values, ending } = record(response$);
    const { error } = await ending;
    return { notes: values, end: endOf(error) };
  },
  'a slow reader': async response$ => {
    const notes: Note[] = [];
    try {
      for await (const note of toAsyncIterable(response$)) {
        notes.push(note);
        for (let turns = 0; turns < 3; turns++) await new Promise(setImmediate);
      }
    } catch (error) {
      return { notes, end: endOf(error) };
    }
    return { notes, end: endOf(undefined) };
  },
};
const slowly = readers['a slow reader']!;

function endOf(error: any): string {
  if (error === undefined) return 'OK';
  const trailer = error.metadata?.get('x-trailer').join() || 'none';
  return `${error.codeName}: ${error.details}, x-trailer ${trailer}`;
}

const notes = (count: number, text = ''): Note[] => Array.from({ length: count }, (_, n) => ({ n, text }));

const messages = (stream: number, count: number): Buffer[] => notes(count).map(note => data(stream, message(note)));

/** A call on the n-th stream of a client, after it has arrived. */
async function arrived(
  peer: RawPeer,
  client: LabClient,
  read: Reader,
  { request$ = NEVER, options = {}, n = 0 }: { request$?: Observable<Note>; options?: CallOptions; n?: number } = {},
): Promise<{ stream: number; outcome: Promise<Outcome> }> {
  const outcome = read(client.bidi(request$, options));
  return { stream: await peer.stream(n), outcome };
}

describe('A status waits for the messages before it', () => {
  const peers = usePeers();

  for (const [name, read] of Object.entries(readers)) {
    for (const count of [0, 1, 15, 16, 17, 100, 1000]) {
      it(`${count} of them, with the trailers in one packet: ${name}`, async () => {
        const { peer, client } = await peers.run();
        const { stream, outcome } = await arrived(peer, client, read);
        peer.send(responseHeaders(stream), ...messages(stream, count), trailers(stream, NOT_FOUND));
        expect(await outcome).to.deep.equal({ notes: notes(count), end: notFound });
      });

      it(`${count} of them, each in a packet of its own: ${name}`, async () => {
        const { peer, client } = await peers.run();
        const { stream, outcome } = await arrived(peer, client, read);
        for (const frame of [responseHeaders(stream), ...messages(stream, count)]) {
          peer.send(frame);
          await new Promise(setImmediate);
        }
        peer.send(trailers(stream, NOT_FOUND));
        expect(await outcome).to.deep.equal({ notes: notes(count), end: notFound });
      });
    }

    for (const [what, count, text] of [
      ['5,000', 5000, ''],
      ['20 of 1 MB', 20, 'x'.repeat(1_000_000)],
    ] as const) {
      for (const scheme of ['http', 'https'] as const) {
        it(`${what} from a server of ours, over ${scheme}: ${name}`, async () => {
          const failure = new RpcError(Code.NOT_FOUND, 'no such user', { metadata: { 'x-trailer': 't' } });
          const response$ = concat(
            range(0, count).pipe(map(n => ({ n, text }))),
            throwError(() => failure),
          );
          const service = implement.partial(Lab, { serverStream: () => response$ });
          const server = await serve(`${scheme}://localhost:0`, service, scheme === 'https' ? { tls } : {});
          peers.onEnd(() => server.shutdown({ graceMs: 0 }));
          const client = connect(Lab, server.target, scheme === 'https' ? { tls: { ca: tls.cert } } : {});
          peers.onEnd(() => close(client));
          const outcome = await read(client.serverStream({ n: 1 }));
          expect(outcome.end).to.equal(notFound);
          expect(outcome.notes.map(({ n }) => n)).to.deep.equal([...Array(count).keys()]);
        });
      }
    }

    it(`compressed ones: ${name}`, async () => {
      const { peer, client } = await peers.run();
      const { stream, outcome } = await arrived(peer, client, read);
      const compressed = notes(100).map(note =>
        data(stream, message(gzipSync(Buffer.from(JSON.stringify(note))), true)),
      );
      peer.send(responseHeaders(stream, { 'grpc-encoding': 'gzip' }), ...compressed, trailers(stream, NOT_FOUND));
      expect(await outcome).to.deep.equal({ notes: notes(100), end: notFound });
    });

    for (const [what, fields, end] of [
      ['an error', NOT_FOUND, notFound],
      ['OK', OK, 'OK'],
    ] as const) {
      for (const [after, tail] of [
        ['a reset with NO_ERROR', (stream: number) => reset(stream, NO_ERROR)],
        ['a reset with CANCEL', (stream: number) => reset(stream, CANCEL)],
        ['a reset with INTERNAL_ERROR', (stream: number) => reset(stream, INTERNAL_ERROR)],
        ['GOAWAY', (stream: number) => goAway(stream, NO_ERROR)],
      ] as const) {
        it(`${what}, followed by ${after}: ${name}`, async () => {
          const { peer, client } = await peers.run();
          const { stream, outcome } = await arrived(peer, client, read);
          peer.send(responseHeaders(stream), ...messages(stream, 100), trailers(stream, fields), tail(stream));
          expect(await outcome).to.deep.equal({ notes: notes(100), end });
        });
      }

      for (const close of ['end', 'destroy', 'resetAndDestroy'] as const) {
        it(`${what}, followed by the loss of the connection (${close}): ${name}`, async () => {
          const { peer, client } = await peers.run();
          const { stream, outcome } = await arrived(peer, client, read);
          const socket = peer.connections[0]!;
          const frames = [responseHeaders(stream), ...messages(stream, 100), trailers(stream, fields)];
          // A TCP reset may overtake data that was sent before it.
          if (close === 'resetAndDestroy') {
            peer.send(...frames);
            for (let turns = 0; turns < 20; turns++) await new Promise(setImmediate);
            socket.resetAndDestroy();
          } else socket.write(Buffer.concat(frames), () => socket[close]());
          expect(await outcome).to.deep.equal({ notes: notes(100), end });
        });
      }

      it(`${what} in the middle of an upload that nobody reads, and a reset: ${name}`, async () => {
        const { peer, client } = await peers.run({ window: 20_000 });
        const large = { n: 1, text: 'x'.repeat(100_000) };
        const { stream, outcome } = await arrived(peer, client, read, { request$: concat(of(large, large), NEVER) });
        await peer.seen(({ type }) => type === DATA);
        const tail = [trailers(stream, fields), reset(stream, NO_ERROR)];
        peer.send(responseHeaders(stream), ...messages(stream, 100), ...tail);
        expect(await outcome).to.deep.equal({ notes: notes(100), end });
      });
    }

    for (const [what, finish, end] of [
      ['a reset with CANCEL', (peer: RawPeer, stream: number) => peer.send(reset(stream, CANCEL)), /^CANCELLED/],
      [
        'a reset with INTERNAL_ERROR',
        (peer: RawPeer, stream: number) => peer.send(reset(stream, INTERNAL_ERROR)),
        /^INTERNAL/,
      ],
      ['a reset with NO_ERROR', (peer: RawPeer, stream: number) => peer.send(reset(stream, NO_ERROR)), /^INTERNAL/],
      ['the loss of the connection', (peer: RawPeer) => peer.connections[0]!.end(), /^UNAVAILABLE/],
    ] as const) {
      // biome-ignore format: a table
      it(`the end of a call without a status waits, too: ${what}, ${name}`, async () => {
        const { peer, client } = await peers.run();
        const { stream, outcome } = await arrived(peer, client, read);
        peer.send(responseHeaders(stream), ...messages(stream, 100));
        finish(peer, stream);
        expect((await outcome).end).to.match(end);
        expect((await outcome).notes).to.deep.equal(notes(100));
      });
    }

    it(`an error without messages arrives at once: ${name}`, async () => {
      const { peer, client } = await peers.run();
      const { stream, outcome } = await arrived(peer, client, read);
      peer.send(trailersOnly(stream, NOT_FOUND));
      expect(await outcome).to.deep.equal({ notes: [], end: notFound });
    });

    it(`an HTTP response that is not gRPC is reported by its code: ${name}`, async () => {
      const html = { ':status': '503', 'content-type': 'text/html' };
      const { peer, client } = await peers.run();
      const alone = await arrived(peer, client, read);
      peer.send(trailersOnly(alone.stream, html));
      expect((await alone.outcome).end).to.match(/^UNAVAILABLE: .*503/);
      for (const [n, page] of ['<html><body>Service Unavailable</body></html>', '<p>'].entries()) {
        const { stream, outcome } = await arrived(peer, client, read, { n: n + 1 });
        peer.send(responseHeaders(stream, html), data(stream, Buffer.from(page), true));
        expect((await outcome).end).to.match(/^UNAVAILABLE: .*HTTP status code 503/);
      }
    });
  }

  it('a message that cannot be decoded ends the call in its turn', async () => {
    const { peer, client } = await peers.run();
    const { stream, outcome } = await arrived(peer, client, slowly);
    const odd = data(stream, message(Buffer.from('odd')));
    peer.send(responseHeaders(stream), ...messages(stream, 40), odd, ...messages(stream, 40), trailers(stream, OK));
    expect(await outcome).to.deep.equal({
      notes: notes(40),
      end: 'INTERNAL: a response cannot be decoded, x-trailer none',
    });
  });

  it('a message that cannot be decompressed ends the call in its turn', async () => {
    const { peer, client } = await peers.run();
    const { stream, outcome } = await arrived(peer, client, slowly);
    const odd = data(stream, message(Buffer.from('odd'), true));
    const headers = responseHeaders(stream, { 'grpc-encoding': 'gzip' });
    peer.send(headers, ...messages(stream, 40), odd, ...messages(stream, 40), trailers(stream, OK));
    expect((await outcome).end).to.match(/^INTERNAL/);
    expect((await outcome).notes).to.deep.equal(notes(40));
  });

  it('a message that is too large ends the call at once, and cancels it', async () => {
    const { peer, client } = await peers.run({}, { channelOptions: { 'grpc.max_receive_message_length': 1000 } });
    for (const [n, read] of Object.values(readers).entries()) {
      const { stream, outcome } = await arrived(peer, client, read, { n });
      const large = data(stream, message({ n: 40, text: 'x'.repeat(1000) }));
      peer.send(responseHeaders(stream), ...messages(stream, 40), large);
      expect((await outcome).end).to.match(/^RESOURCE_EXHAUSTED/);
      const received = (await outcome).notes;
      expect(received).to.deep.equal(notes(received.length));
      await peer.seen(() => endings(peer.frames(stream)).length > 0);
      expect(endings(peer.frames(stream))).to.deep.equal([`RST_STREAM ${CANCEL}`]);
    }
  });

  describe('for a reader that stops', () => {
    /** A call whose end is queued after messages of which one was read. */
    async function stopped(options: CallOptions = {}) {
      const { peer, client } = await peers.run();
      const unsubscribed = deferred();
      const request$ = new Observable<Note>(() => unsubscribed.resolve);
      const iterator = toAsyncIterable(client.bidi(request$, options))[Symbol.asyncIterator]();
      const first = iterator.next();
      const stream = await peer.stream(0);
      peer.send(responseHeaders(stream), ...messages(stream, 100), trailers(stream, NOT_FOUND));
      await first;
      await peer.seen(isEndOfStream); // the trailers have arrived
      return { peer, client, iterator, unsubscribed: unsubscribed.promise };
    }

    it('until the deadline ends the call', async () => {
      const { iterator, unsubscribed } = await stopped({ timeoutMs: 400 });
      await unsubscribed;
      const end = await (async () => {
        for (;;) await iterator.next();
      })().catch(endOf);
      expect(end).to.match(/^DEADLINE_EXCEEDED/);
    });

    for (const how of ['return', 'signal', 'close'] as const) {
      it(`until the call is cancelled (${how}), which leaves the connection usable`, async () => {
        const controller = new AbortController();
        const { peer, client, iterator, unsubscribed } = await stopped({ signal: controller.signal });
        if (how === 'return') await iterator.return!();
        else if (how === 'signal') controller.abort();
        else close(client);
        await unsubscribed;
        const closed = once(peer.connections[0]!, 'close');
        close(client); // waits for streams
        await closed;
      });
    }
  });

  it('and is not retained for calls that were cancelled while it waited', async () => {
    const sessions = watchSessions(peers);
    const { peer, client } = await peers.run();
    for (let n = 0; n < 50; n++) {
      const iterator = toAsyncIterable(client.bidi(NEVER))[Symbol.asyncIterator]();
      const first = iterator.next();
      const stream = await peer.stream(n);
      peer.send(responseHeaders(stream), ...messages(stream, 40), trailers(stream, NOT_FOUND));
      await first;
      await peer.seen(frame => frame.stream === stream && isEndOfStream(frame)); // the trailers have arrived
      await iterator.return!();
    }
    expect((await leftovers(sessions)).streams).to.be.at.most(2);
  });

  describe('when grpc-js retries', () => {
    const retryPolicy = {
      maxAttempts: 3,
      initialBackoff: '0.001s',
      maxBackoff: '0.001s',
      backoffMultiplier: 1,
      retryableStatusCodes: ['UNAVAILABLE'],
    };
    const config = JSON.stringify({ methodConfig: [{ name: [{ service: 'lab.Lab' }], retryPolicy }] });
    const channelOptions = { 'grpc.service_config': config };
    const later = { 'grpc-status': '14', 'grpc-message': 'later' };

    it('an error without messages is still retried', async () => {
      const { peer, client } = await peers.run({}, { channelOptions });
      const { stream, outcome } = await arrived(peer, client, slowly, { request$: of({ n: 1 }) });
      peer.send(trailersOnly(stream, later));
      const second = await peer.stream(1);
      peer.send(responseHeaders(second), ...messages(second, 100), trailers(second, OK));
      expect(await outcome).to.deep.equal({ notes: notes(100), end: 'OK' });
    });

    it('an error after messages is not retried, and waits', async () => {
      const { peer, client } = await peers.run({}, { channelOptions });
      const { stream, outcome } = await arrived(peer, client, slowly, { request$: of({ n: 1 }) });
      peer.send(responseHeaders(stream), ...messages(stream, 100), trailers(stream, later));
      expect(await outcome).to.deep.equal({ notes: notes(100), end: 'UNAVAILABLE: later, x-trailer none' });
      expect(peer.frames().filter(({ type }) => type === HEADERS)).to.have.lengthOf(1);
    });

    it('a refused stream is still tried again', async () => {
      const { peer, client } = await peers.run();
      const { stream, outcome } = await arrived(peer, client, slowly, { request$: of({ n: 1 }) });
      peer.send(reset(stream, 7));
      const second = await peer.stream(1);
      peer.send(responseHeaders(second), ...messages(second, 20), trailers(second, OK));
      expect(await outcome).to.deep.equal({ notes: notes(20), end: 'OK' });
    });
  });

  it('only with the patch: without it messages are lost, or the end is', async () => {
    const seenBy = async (adjust: 'on' | 'off', tail: (stream: number) => Buffer[]): Promise<any> => {
      const { peer } = await peers.run();
      const said = peers.inChild(adjust, 'readSlowly', peer.target);
      const stream = await peer.stream(0);
      peer.send(responseHeaders(stream), ...messages(stream, 100), ...tail(stream));
      return said;
    };
    const anError = (stream: number) => [trailers(stream, NOT_FOUND)];
    const anOk = (stream: number) => [trailers(stream, OK), reset(stream, CANCEL)];
    const [all, lossy, endless] = await Promise.all([
      seenBy('on', anError),
      seenBy('off', anError),
      seenBy('off', anOk),
    ]);
    expect(all).to.deep.equal({ responses: 100, end: 'NOT_FOUND' });
    expect(lossy.responses).to.be.lessThan(100);
    expect(endless.end).to.equal('DEADLINE_EXCEEDED');
  });
});
