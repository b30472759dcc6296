import { once } from 'node:events';
import { constants } from 'node:http2';
import { expect } from 'chai';
import fc from 'fast-check';
import { concat, lastValueFrom, map, NEVER, type Observable, of, range, Subject, toArray } from 'rxjs';
import { type ClientOf, close, connect, implement, pull, type Server, serve } from '../../lib/index.ts';
import { useBench } from '../support/bench.ts';
import { Lab, type Note } from '../support/lab.ts';
import { plainCall, plainServer } from '../support/plain.ts';
import { rawCall } from '../support/raw-call.ts';
import { record } from '../support/record.ts';
import { settled } from '../support/settled.ts';
import { Blobs, blobs } from './blobs.ts';
import { type CountedWrites, countWrites } from './count-writes.ts';
import {
  CANCEL,
  DATA,
  data,
  isEndOfStream,
  message,
  type RawPeer,
  type RawPeerOptions,
  RST_STREAM,
  reset,
  responseHeaders,
  trailers,
} from './raw-peer.ts';
import { usePeers } from './use-peers.ts';

const REFUSED_STREAM = constants.NGHTTP2_REFUSED_STREAM;

/** The messages, each framed separately. */
const framed = (messages: readonly Buffer[]): Buffer => Buffer.concat(messages.map(bytes => message(bytes)));
function sameBytes(actual: Buffer, expected: Buffer): void {
  expect(actual.equals(expected), `${actual.length} bytes, and ${expected.length} were expected`).to.equal(true);
}

/** At most half of what may be in flight is joined: 8 KiB, and 128 messages. */
const aroundLimits = [0, 1, 31, 32, 4096, 8191, 8192, 8193, 16_383, 16_384, 16_385];
const sizes = fc.array(fc.oneof(fc.constantFrom(...aroundLimits), fc.nat(64), fc.constant(10)), { maxLength: 60 });
const fixed: [what: string, sizes: number[]][] = [
  ...aroundLimits.map((size): [string, number[]] => [`20 of ${size} bytes`, Array(20).fill(size)]),
  ['1000 of 10 bytes', Array(1000).fill(10)],
  ['1000 empty ones', Array(1000).fill(0)],
  ['none', []],
];

describe('Joined responses', () => {
  const bench = useBench();
  let writes: CountedWrites;
  let messages: Buffer[];
  let server: Server;
  /** What the source does beside emitting. */
  let through = (blob$: Observable<Buffer>): Observable<Buffer> => blob$;

  beforeEach(async () => {
    through = blob$ => blob$;
    const download = (): Observable<Buffer> => through(pull(messages));
    server = await serve('http://127.0.0.1:0', implement.partial(Blobs, { download, echo: request$ => request$ }));
    bench.onEnd(() => server.shutdown({ graceMs: 0 }));
    writes = countWrites();
    bench.onEnd(() => writes.stop());
  });

  /** All bytes that a bare HTTP/2 client receives. */
  async function received(): Promise<Buffer> {
    const call = rawCall(server, Blobs.download.path);
    const chunks: Buffer[] = [];
    call.stream.on('data', chunk => chunks.push(chunk));
    call.stream.end(message(Buffer.alloc(0)));
    await once(call.stream, 'close');
    call.close();
    return Buffer.concat(chunks);
  }

  for (const [what, of] of fixed) {
    it(`have the same bytes on the wire as separate ones: ${what}`, async () => {
      messages = blobs(of);
      sameBytes(await received(), framed(messages));
    });
  }

  it('have the same bytes on the wire as separate ones, for any sizes and sources', async () => {
    await fc.assert(
      fc.asyncProperty(sizes, fc.constantFrom('that waits', 'that does not'), async (of, source) => {
        messages = blobs(of);
        through = blob$ => (source === 'that waits' ? blob$ : concat(...messages.map(blob => [blob])));
        sameBytes(await received(), framed(messages));
      }),
      { numRuns: 60 },
    );
  });

  it('take fewer writes than messages', async () => {
    messages = blobs(Array(2000).fill(16));
    await received();
    expect(writes.server).to.be.within(Math.ceil(2000 / 128), 200);
  });

  it('do not occur when each response is awaited: a lone message is written at once, by itself', async () => {
    const subject = new Subject<Buffer>();
    const client = connect(Blobs, server.target);
    bench.onEnd(() => close(client));
    const echoes = record(client.echo(subject));
    for (let n = 1; n <= 50; n++) {
      subject.next(Buffer.of(n));
      await echoes.received(n); // the call continues, and nothing else is sent
    }
    expect([writes.client, writes.server]).to.deep.equal([50, 50]);
    subject.complete();
    await echoes.ending;
  });

  it('are dropped with a call that is cancelled while they wait', async () => {
    messages = blobs(Array(200_000).fill(16));
    const call = rawCall(server, Blobs.download.path);
    bench.onEnd(() => call.close());
    call.stream.end(message(Buffer.alloc(0)));
    const before = await settled(() => writes.server);
    call.stream.close(CANCEL);
    expect([await settled(() => writes.server), before > 1]).to.deep.equal([before, true]);
  });

  it('are readable by plain grpc-js', async () => {
    const note$ = range(0, 3000).pipe(map((n): Note => ({ n })));
    const lab = await bench.run({ serverStream: () => note$, bidi: request$ => request$ });
    const host = lab.server.target.replace('http://', '');
    const { notes, status } = await plainCall(host, 'serverStream', [{ n: 0 }]);
    expect([notes.map(({ n }) => n), status.code]).to.deep.equal([[...Array(3000).keys()], 0]);
    expect(writes.server).to.be.below(1000);
    const requests = Array.from({ length: 500 }, (_, n) => ({ n }));
    expect((await plainCall(host, 'bidi', requests)).notes).to.deep.equal(requests);
  });
});

describe('Joined requests', () => {
  const peers = usePeers();
  let writes: CountedWrites;

  beforeEach(() => {
    writes = countWrites();
    peers.onEnd(() => writes.stop());
  });

  /** A raw server, and a client of the blob service. */
  async function run(options?: RawPeerOptions): Promise<{ peer: RawPeer; client: ClientOf<typeof Blobs> }> {
    const { peer } = await peers.run(options);
    const client = connect(Blobs, peer.target);
    peers.onEnd(() => close(client));
    return { peer, client };
  }

  const dataOf = (peer: RawPeer, stream: number): Buffer =>
    Buffer.concat(peer.frames(stream).flatMap(({ type, payload }) => (type === DATA ? [payload] : [])));

  const endOf = (peer: RawPeer, id: number): Promise<unknown> =>
    peer.seen(seen => seen.stream === id && isEndOfStream(seen));

  const answer = (peer: RawPeer, id: number): void =>
    peer.send(responseHeaders(id), data(id, message(Buffer.of(1))), trailers(id, { 'grpc-status': '0' }));

  /** Uploads the messages, and returns what arrived on the n-th stream. */
  async function uploaded(
    { peer, client }: Awaited<ReturnType<typeof run>>,
    request$: Observable<Buffer>,
    n = 0,
  ): Promise<Buffer> {
    const { ending } = record(client.upload(request$));
    const stream = await peer.stream(n);
    await endOf(peer, stream);
    answer(peer, stream);
    expect(await ending).to.deep.equal({});
    return dataOf(peer, stream);
  }

  for (const [what, sizes] of fixed) {
    it(`have the same bytes on the wire as separate ones: ${what}`, async () => {
      const messages = blobs(sizes);
      sameBytes(await uploaded(await run(), pull(messages)), framed(messages));
    });
  }

  it('have the same bytes on the wire as separate ones, for any sizes and sources', async () => {
    const lab = await run();
    let n = 0;
    await fc.assert(
      fc.asyncProperty(sizes, fc.boolean(), async (of, waits) => {
        const messages = blobs(of);
        const request$ = waits ? pull(messages) : concat(...messages.map(blob => [blob]));
        sameBytes(await uploaded(lab, request$, n++), framed(messages));
      }),
      { numRuns: 60 },
    );
  });

  it('take fewer writes than messages', async () => {
    await uploaded(await run(), pull(blobs(Array(2000).fill(16))));
    expect(writes.client).to.be.within(Math.ceil(2000 / 128), 200);
  });

  it('do not delay a lone request: it is sent at once, though others may follow', async () => {
    const { peer, client } = await run();
    const { subscription } = record(client.upload(concat(of(Buffer.of(1, 2, 3)), NEVER)));
    const stream = await peer.stream(0);
    await peer.seen(seen => seen.stream === stream && seen.type === DATA);
    sameBytes(dataOf(peer, stream), message(Buffer.of(1, 2, 3)));
    expect(writes.client).to.equal(1);
    subscription.unsubscribe();
  });

  it('are dropped with a call that is cancelled while they wait', async () => {
    const { peer, client } = await run({ window: 100 });
    const { subscription } = record(client.upload(pull(blobs(Array(200_000).fill(16)))));
    const stream = await peer.stream(0);
    const before = await settled(() => writes.client);
    subscription.unsubscribe();
    await peer.seen(({ type }) => type === RST_STREAM);
    expect([await settled(() => writes.client), before > 0]).to.deep.equal([before, true]);
    expect(dataOf(peer, stream).length).to.be.at.most(100);
    expect(peer.frames(stream).at(-1)!.type).to.equal(RST_STREAM);
  });

  for (const [when, isTime] of [
    ['before anything has arrived', () => true],
    ['when the first message has arrived', (peer: RawPeer, stream: number) => dataOf(peer, stream).length > 0],
    ['when joined ones have arrived', (peer: RawPeer, stream: number) => dataOf(peer, stream).length > 100],
    ['when all have arrived', (peer: RawPeer, stream: number) => peer.frames(stream).some(isEndOfStream)],
  ] as const) {
    it(`arrive once and in order on a second stream when the first is refused, ${when}`, async () => {
      const lab = await run();
      const messages = blobs(Array(150).fill(8)); // within the 4 KiB that are kept for a repeat
      const { ending } = record(lab.client.upload(pull(messages)));
      const first = await lab.peer.stream(0);
      await lab.peer.seen(() => isTime(lab.peer, first));
      lab.peer.send(reset(first, REFUSED_STREAM));
      const second = await lab.peer.stream(1);
      await endOf(lab.peer, second);
      sameBytes(dataOf(lab.peer, second), framed(messages));
      expect(writes.client).to.be.below(150);
      answer(lab.peer, second);
      expect(await ending).to.deep.equal({});
    });
  }

  it('are readable by plain grpc-js, and the reverse', async () => {
    const { port, stop } = await plainServer();
    peers.onEnd(stop);
    const client = connect(Lab, `http://127.0.0.1:${port}`);
    peers.onEnd(() => close(client));
    const requests = Array.from({ length: 3000 }, (_, n): Note => ({ n: n + 14 }));
    const echoes = await lastValueFrom(client.bidi(pull(requests)).pipe(toArray()));
    expect(echoes).to.deep.equal(requests);
    expect(writes.client).to.be.below(1000);
  });
});
