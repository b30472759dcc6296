import { expect } from 'chai';
import { concat, from, NEVER } from 'rxjs';
import { findPrivateParts } from '../../lib/grpc-js/private.ts';
import { Code, close, connect, pull } from '../../lib/index.ts';
import type { LabClient } from '../support/bench.ts';
import { Lab, type Note } from '../support/lab.ts';
import { record } from '../support/record.ts';
import { settled } from '../support/settled.ts';
import {
  DATA,
  data,
  type Frame,
  goAway,
  HEADERS,
  message,
  NO_ERROR,
  type RawPeer,
  rawPeer,
  reset,
  responseHeaders,
  trailers,
  windowUpdate,
} from './raw-peer.ts';
import { usePeers } from './use-peers.ts';

const REFUSED_STREAM = 7;
const KIB = 1024;
/** The bytes that a stream may send before the server has processed it (RFC 9113, 6.9.2). */
const FIRST_WINDOW = 64 * KIB - 1;

const noteOf = (n: number, bytes: number): Note => ({ n, text: 'x'.repeat(bytes) });

/** The requests in a stream; an incomplete one is omitted. */
function requestsOf(frames: readonly Frame[]): Note[] {
  let bytes = Buffer.concat(frames.filter(({ type }) => type === DATA).map(({ payload }) => payload));
  const notes: Note[] = [];
  while (bytes.length >= 5 && bytes.length >= 5 + bytes.readUInt32BE(1)) {
    const end = 5 + bytes.readUInt32BE(1);
    notes.push(JSON.parse(bytes.subarray(5, end).toString()));
    bytes = bytes.subarray(end);
  }
  return notes;
}

const bytesOn = (peer: RawPeer, stream: number): number =>
  peer.frames(stream).reduce((sum, { type, payload }) => sum + (type === DATA ? payload.length : 0), 0);

const answer = (peer: RawPeer, stream: number): void =>
  peer.send(responseHeaders(stream), data(stream, message({ n: 0 })), trailers(stream, { 'grpc-status': '0' }));

describe('A call that the server refuses unprocessed (grpc-js)', () => {
  const peers = usePeers();

  const connected = async (): Promise<{ peer: RawPeer; client: LabClient }> => {
    const peer = await rawPeer({ window: FIRST_WINDOW });
    const client = connect(Lab, peer.target);
    peers.onEnd(() => peer.close());
    peers.onEnd(() => close(client));
    return { peer, client };
  };

  /** An upload of these requests that is refused when everything in the first window has arrived. */
  async function refused(requests: readonly Note[], refuse: (peer: RawPeer, stream: number) => void) {
    const { peer, client } = await connected();
    const upload = record(client.bidi(from(requests)));
    const first = await peer.stream(0);
    const bytes = requests.reduce((sum, request) => sum + message(request).length, 0);
    while (bytesOn(peer, first) < Math.min(bytes, FIRST_WINDOW)) {
      const before = peer.frames(first).length;
      await peer.seen(() => peer.frames(first).length > before);
    }
    refuse(peer, first);
    return { peer, upload };
  }

  const ways = {
    'by a reset': (peer: RawPeer, stream: number) => peer.send(reset(stream, REFUSED_STREAM)),
    'by a GOAWAY': (peer: RawPeer) => peer.send(goAway(0, NO_ERROR)),
  };
  const uploads = {
    'one small request': [noteOf(1, 100)],
    'one request of 16 KiB': [noteOf(1, 16 * KIB)],
    'three requests of 16 KiB': [1, 2, 3].map(n => noteOf(n, 16 * KIB)),
    'a request that exceeds the first window': [noteOf(1, 100 * KIB)],
    'a thousand small requests': Array.from({ length: 1000 }, (_, n) => noteOf(n, 20)),
  };
  for (const [way, refuse] of Object.entries(ways)) {
    for (const [title, requests] of Object.entries(uploads)) {
      it(`is repeated, completely and in order, if nothing has been answered (${way}): ${title}`, async () => {
        const { peer, upload } = await refused(requests, refuse);
        const again = await Promise.race([peer.stream(1), upload.ending]);
        if (typeof again !== 'number') throw again.error;
        // The second stream may be the first one of another connection.
        const came = (): Frame[] => peer.frames().slice(peer.frames().findLastIndex(({ type }) => type === HEADERS));
        if (requests.length === 1) peer.send(windowUpdate(again, FIRST_WINDOW));
        await settled(() => peer.frames().length);
        expect(requestsOf(came())).to.deep.equal(requests);
        answer(peer, again);
        expect(await upload.ending).to.deep.equal({});
      });
    }
  }

  const goAwayBehind = {
    'in the same packet': (peer: RawPeer, stream: number) =>
      peer.send(reset(stream, REFUSED_STREAM), goAway(stream, NO_ERROR)),
    'in the next one': (peer: RawPeer, stream: number) => {
      peer.send(reset(stream, REFUSED_STREAM));
      peer.send(goAway(stream, NO_ERROR));
    },
  };
  for (const [where, refuse] of Object.entries(goAwayBehind)) {
    for (const title of ['one small request', 'one request of 16 KiB'] as const) {
      it(`is repeated on a new connection when a GOAWAY follows the refusal ${where}: ${title}`, async () => {
        const { peer, upload } = await refused(uploads[title], refuse);
        await Promise.race([peer.seen(() => peer.connections.length === 2), upload.ending]);
        await settled(() => peer.frames().length);
        answer(peer, 1);
        expect(await upload.ending).to.deep.equal({});
      });
    }
  }

  it('is not repeated when it is unsubscribed as it is refused', async () => {
    const { peer, upload } = await refused(uploads['one request of 16 KiB'], ways['by a reset']);
    const unsubscribe = (): void => upload.subscription.unsubscribe();
    const { handleChildStatus } = findPrivateParts()!.retryingCall;
    findPrivateParts()!.retryingCall.handleChildStatus = function (...args) {
      handleChildStatus.apply(this, args);
      unsubscribe();
    };
    await settled(() => peer.frames().length);
    findPrivateParts()!.retryingCall.handleChildStatus = handleChildStatus;
    expect(peer.frames().filter(({ type }) => type === HEADERS)).to.have.lengthOf(1);
  });

  it('is repeated with a single request of any size', async () => {
    const { peer, client } = await connected();
    const request = noteOf(1, 3 * 1024 * KIB);
    const unary = record(client.unary(request));
    ways['by a reset'](peer, await peer.stream(0));
    const again = await peer.stream(1);
    peer.send(windowUpdate(again, 2 ** 30));
    await settled(() => peer.frames().length);
    expect(requestsOf(peer.frames(again))).to.deep.equal([request]);
    answer(peer, again);
    expect(await unary.ending).to.deep.equal({});
  });

  const ends = {
    'the server has sent headers': async (peer: RawPeer, first: number) => peer.send(responseHeaders(first)),
    'it has sent more than a first window holds': async (peer: RawPeer, first: number) => {
      peer.send(windowUpdate(first, 2 ** 30));
      await peer.seen(() => bytesOn(peer, first) > 2 * FIRST_WINDOW);
    },
    'it was refused before': async (peer: RawPeer, first: number) => {
      peer.send(reset(first, REFUSED_STREAM));
      await peer.seen(({ type, stream }) => type === HEADERS && stream > first);
    },
  };
  for (const [title, before] of Object.entries(ends)) {
    it(`ends with UNAVAILABLE when ${title}`, async () => {
      const { peer, client } = await connected();
      const upload = record(client.bidi(concat(from(Array.from({ length: 40 }, (_, n) => noteOf(n, 8 * KIB))), NEVER)));
      const first = await peer.stream(0);
      await before(peer, first);
      peer.send(reset(peer.frames().findLast(({ type }) => type === HEADERS)!.stream, REFUSED_STREAM));
      const { error } = (await upload.ending) as { error?: { code: Code } };
      expect(error?.code).to.equal(Code.UNAVAILABLE);
    });
  }

  it('takes no more requests than fit in the window and the current write, although it keeps them', async () => {
    const { peer, client } = await connected();
    let taken = 0;
    const requests = function* (): Generator<Note> {
      for (;;) yield noteOf(taken++, KIB);
    };
    const upload = record(client.bidi(pull(requests())));
    const first = await peer.stream(0);
    await settled(() => taken);
    expect(taken).to.be.greaterThan(50).and.lessThan(110);
    peer.send(windowUpdate(first, 300 * KIB)); // more than is kept
    await settled(() => taken);
    expect(taken).to.be.greaterThan(350).and.lessThan(410);
    upload.subscription.unsubscribe();
  });
});
