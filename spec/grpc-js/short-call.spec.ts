import http2 from 'node:http2';
import { gzipSync } from 'node:zlib';
import { expect } from 'chai';
import { concat, filter, firstValueFrom, lastValueFrom, NEVER, of } from 'rxjs';
import { findPrivateParts } from '../../lib/grpc-js/private.ts';
import { Code, type ConnectOptions, close, connect, state$ } from '../../lib/index.ts';
import { Lab, type Note } from '../support/lab.ts';
import { record } from '../support/record.ts';
import { settled } from '../support/settled.ts';
import {
  CANCEL,
  data,
  endings,
  frame,
  goAway,
  HEADERS,
  isEndOfStream,
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

const REFUSED_STREAM = 7;
const UNKNOWN_TYPE = 32;
const note: Note = { n: 1 };

const answer = (peer: RawPeer, id: number): void =>
  peer.send(responseHeaders(id), data(id, message(note)), trailers(id, { 'grpc-status': '0' }));

describe('A short call (grpc-js)', () => {
  const peers = usePeers();
  const proto = findPrivateParts()!.internalChannel as any;
  const { createCall, onCallStart, onCallEnd } = proto;
  /** Counts of the calls that pass through all layers of grpc-js, and of the calls that its channels count. */
  const seen = { long: 0, started: 0, ended: 0 };

  beforeEach(() => {
    Object.assign(seen, { long: 0, started: 0, ended: 0 });
    proto.createCall = function (...args: unknown[]) {
      seen.long++;
      return createCall.apply(this, args);
    };
    proto.onCallStart = function () {
      seen.started++;
      onCallStart.call(this);
    };
    proto.onCallEnd = function (status: unknown) {
      seen.ended++;
      onCallEnd.call(this, status);
    };
  });
  afterEach(() => Object.assign(proto, { createCall, onCallStart, onCallEnd }));

  /** A client whose first call has ended, which took the ordinary path of grpc-js. */
  async function warm(connectOptions?: ConnectOptions) {
    const { peer, client } = await peers.run({}, connectOptions);
    const first = lastValueFrom(client.unary(note));
    answer(peer, await peer.stream(0));
    expect(await first).to.deep.equal(note);
    expect(seen).to.deep.equal({ long: 1, started: 1, ended: 1 });
    /** The stream of the call after the first. */
    const next = async (n = 1): Promise<number> => {
      const id = await peer.stream(n);
      await peer.seen(frame => frame.stream === id && isEndOfStream(frame));
      return id;
    };
    return { peer, client, next };
  }

  /** Expects the call of the spec to have taken the short path, and the channel to have counted its end. */
  const expectShort = (): void => {
    expect(seen).to.deep.equal({ long: 1, started: 2, ended: 2 });
  };

  describe('is used for each call with one request after the first', () => {
    for (const shape of ['unary', 'serverStream'] as const) {
      it(shape, async () => {
        const { peer, client, next } = await warm();
        const { values, ending } = record(client[shape](note));
        answer(peer, await next());
        expect(await ending).to.deep.equal({});
        expect(values).to.deep.equal([note]);
        expectShort();
      });
    }

    it('and for no call with a stream of requests', async () => {
      const { peer, client, next } = await warm();
      const { ending } = record(client.clientStream(of(note)));
      answer(peer, await next());
      expect(await ending).to.deep.equal({});
      expect(seen.long).to.equal(2);
    });
  });

  it('sends the same headers and bytes as the ordinary path of grpc-js', async () => {
    const server = http2.createServer();
    const requests: { headers: http2.IncomingHttpHeaders; body: Buffer }[] = [];
    server.on('stream', async (stream: http2.ServerHttp2Stream, headers) => {
      const chunks: Buffer[] = [];
      for await (const chunk of stream) chunks.push(chunk as Buffer);
      requests.push({ headers, body: Buffer.concat(chunks) });
      stream.respond({ ':status': 200, 'content-type': 'application/grpc', 'grpc-status': '0' }, { endStream: true });
    });
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
    peers.onEnd(() => new Promise(resolve => server.close(resolve)));
    const client = connect(Lab, `http://127.0.0.1:${(server.address() as { port: number }).port}`);
    peers.onEnd(() => close(client));
    const metadata = {
      'x-key': ['a', 'b'],
      'x-bin': Buffer.of(1, 2),
      'grpc-encoding': 'gzip',
      'accept-encoding': 'br',
    };
    for (let n = 0; n < 2; n++) {
      const { ending } = record(client.serverStream(note, { metadata, host: 'a.b', deadline: new Date(2 ** 41) }));
      expect(await ending).to.deep.equal({});
    }
    expectShort();
    const [long, short] = requests.map(({ headers, body }) => {
      const timeout = String(headers['grpc-timeout']).replace(/\d+/, '');
      return { ...headers, 'grpc-timeout': timeout, body };
    });
    expect(short).to.deep.equal(long);
    expect(short).to.include({ ':authority': 'a.b', 'grpc-accept-encoding': 'identity,deflate,gzip' });
    expect(short!.body).to.deep.equal(message(note));
  });

  describe('is not used, and grpc-js takes its ordinary path', () => {
    const config = (methodConfig: object, others: object = {}): ConnectOptions => ({
      channelOptions: {
        'grpc.service_config': JSON.stringify({
          loadBalancingConfig: [],
          methodConfig: [{ name: [{ service: 'lab.Lab' }], ...methodConfig }],
          ...others,
        }),
      },
    });
    const retryPolicy = {
      maxAttempts: 2,
      initialBackoff: '0.01s',
      maxBackoff: '0.01s',
      backoffMultiplier: 1,
      retryableStatusCodes: [Code.ABORTED],
    };
    const hedgingPolicy = { maxAttempts: 2, hedgingDelay: '1000s', nonFatalStatusCodes: [] };
    const interceptor = (options: any, nextCall: any) => nextCall(options);
    const cases: Record<string, ConnectOptions> = {
      'with a timeout in the service config': config({ timeout: '1000s' }),
      'with retries in the service config': config({ retryPolicy }),
      'with hedging in the service config': config({ hedgingPolicy }),
      'with a throttle of retries in the service config': config(
        {},
        { retryThrottling: { maxTokens: 9, tokenRatio: 1 } },
      ),
      'with retries off': { channelOptions: { 'grpc.enable_retries': 0 } },
      'with an interceptor': { channelOptions: { interceptors: [interceptor] } },
      'with compression': { compression: 'gzip' },
      'with channelz': { channelOptions: { 'grpc.enable_channelz': 1 } },
      'with a limit for the messages to send': { channelOptions: { 'grpc.max_send_message_length': 1000 } },
      'on a channel that opts out of the patches': { channelOptions: { 'rx-grpc.adjusted': 0 } },
    };
    for (const [what, connectOptions] of Object.entries(cases)) {
      it(what, async () => {
        const { peer, client, next } = await warm(connectOptions);
        const { values, ending } = record(client.unary(note));
        answer(peer, await next());
        expect(await ending).to.deep.equal({});
        expect(values).to.deep.equal([note]);
        expect(seen).to.deep.equal({ long: 2, started: 2, ended: 2 });
      });
    }

    it('for a call with compression', async () => {
      const { peer, client, next } = await warm();
      const { ending } = record(client.unary(note, { compression: 'gzip' }));
      answer(peer, await next());
      expect(await ending).to.deep.equal({});
      expect(seen.long).to.equal(2);
    });
  });

  describe('that no server has processed', () => {
    it('is repeated once when its stream is refused', async () => {
      const { peer, client, next } = await warm();
      const { values, ending } = record(client.unary(note));
      peer.send(reset(await next(1), REFUSED_STREAM));
      const id = await next(2);
      expect(
        Buffer.concat(peer.frames(id).map(({ type, payload }) => (type === HEADERS ? Buffer.of() : payload))),
      ).to.deep.equal(message(note));
      answer(peer, id);
      expect(await ending).to.deep.equal({});
      expect(values).to.deep.equal([note]);
      expectShort();
    });

    it('ends with UNAVAILABLE when its second stream is refused, too', async () => {
      const { peer, client, next } = await warm();
      const { ending } = record(client.unary(note));
      for (const n of [1, 2]) peer.send(reset(await next(n), REFUSED_STREAM));
      expect((await ending).error).to.include({ code: Code.UNAVAILABLE, details: 'Stream refused by server' });
      expect(peer.frames().filter(({ type }) => type === HEADERS)).to.have.lengthOf(3);
      expectShort();
    });

    it('is repeated on another connection when a GOAWAY excludes it', async () => {
      const { peer, client, next } = await warm();
      const { values, ending } = record(client.unary(note));
      peer.send(goAway((await next()) - 2, NO_ERROR));
      answer(peer, await next(2));
      expect(await ending).to.deep.equal({});
      expect(values).to.deep.equal([note]);
      expect(peer.connections).to.have.lengthOf(2);
      expectShort();
    });

    it('is repeated on another connection when a GOAWAY is read after the refusal, in the same turn', async () => {
      const { peer, client, next } = await warm();
      const { values, ending } = record(client.unary(note));
      const id = await next();
      // More than Node reads at a time, of a frame type that HTTP/2 tells every peer to ignore.
      const between = Array.from({ length: 5 }, () => frame(UNKNOWN_TYPE, 0, 0, Buffer.alloc(2 ** 14)));
      peer.send(reset(id, REFUSED_STREAM), ...between, goAway(id - 2, NO_ERROR));
      answer(peer, await next(2));
      expect(await ending).to.deep.equal({});
      expect(values).to.deep.equal([note]);
      expect(peer.connections).to.have.lengthOf(2);
      expectShort();
    });

    it('is not repeated when it was cancelled meanwhile', async () => {
      const { peer, client, next } = await warm();
      const { subscription } = record(client.unary(note));
      const id = await next();
      const balancing = findPrivateParts()!.loadBalancingCall as any;
      const { outputStatus } = balancing;
      balancing.outputStatus = function (...args: unknown[]) {
        outputStatus.apply(this, args);
        subscription.unsubscribe();
      };
      peer.send(reset(id, REFUSED_STREAM));
      expect(await settled(() => seen.ended)).to.equal(2);
      Object.assign(balancing, { outputStatus });
      const { ending } = record(client.unary(note));
      answer(peer, await next(2));
      expect(await ending).to.deep.equal({});
      expect(peer.frames().filter(({ type }) => type === HEADERS)).to.have.lengthOf(3);
    });

    it('is not repeated when its headers have arrived', async () => {
      const { peer, client, next } = await warm();
      const { ending } = record(client.unary(note));
      const id = await next();
      peer.send(responseHeaders(id), reset(id, REFUSED_STREAM));
      expect((await ending).error).to.include({ code: Code.UNAVAILABLE });
      expect(peer.frames().filter(({ type }) => type === HEADERS)).to.have.lengthOf(2);
      expectShort();
    });

    for (const [bytes, attempts] of [
      [1000, 3],
      [1001, 2],
    ] as const) {
      const what = attempts === 3 ? 'is repeated' : 'ends';
      it(`${what} when its frame has ${bytes} bytes and the retry buffer of a call has 1000`, async () => {
        const { peer, client, next } = await warm({ channelOptions: { 'grpc.per_rpc_retry_buffer_size': 1000 } });
        const empty = message({ n: 1, text: '' }).byteLength;
        const { ending } = record(client.unary({ n: 1, text: 'x'.repeat(bytes - empty) }));
        peer.send(reset(await next(1), REFUSED_STREAM));
        if (attempts === 3) answer(peer, await next(2));
        const { error } = await ending;
        if (attempts === 3) expect(error).to.equal(undefined);
        else expect(error).to.include({ code: Code.UNAVAILABLE });
        expect(peer.frames().filter(({ type }) => type === HEADERS)).to.have.lengthOf(attempts);
        expectShort();
      });
    }

    it('is repeated while the buffer of the channel has room, which each end frees', async () => {
      const frameBytes = message(note).byteLength;
      const { peer, client, next } = await warm({ channelOptions: { 'grpc.retry_buffer_size': frameBytes } });
      for (const n of [1, 3]) {
        const { ending } = record(client.unary(note));
        peer.send(reset(await next(n), REFUSED_STREAM));
        answer(peer, await next(n + 1));
        expect(await ending, `call ${n}`).to.deep.equal({});
      }
      const both = [record(client.unary(note)), record(client.unary(note))];
      peer.send(reset(await next(6), REFUSED_STREAM));
      expect((await both[1]!.ending).error).to.include({ code: Code.UNAVAILABLE });
      answer(peer, await next(5));
      expect(await both[0]!.ending).to.deep.equal({});
    });
  });

  describe('whose responses are compressed', () => {
    const compressed = (): Buffer => message(gzipSync(JSON.stringify(note)), true);

    it('delivers them decompressed, before the status', async () => {
      const { peer, client, next } = await warm();
      const { values, ending } = record(client.serverStream(note));
      const id = await next();
      peer.send(responseHeaders(id, { 'grpc-encoding': 'gzip' }));
      peer.send(data(id, Buffer.concat([compressed(), message({ n: 2 }), compressed()])));
      peer.send(trailers(id, { 'grpc-status': '5' }));
      expect((await ending).error).to.include({ code: Code.NOT_FOUND });
      expect(values).to.deep.equal([note, { n: 2 }, note]);
      expectShort();
    });

    for (const [encoding, details] of [
      [undefined, /no grpc-encoding says how/],
      ['identity', /its grpc-encoding is "identity"/],
      ['br', /its grpc-encoding is "br"/],
    ] as const) {
      it(`and cannot be decompressed ends with INTERNAL: grpc-encoding ${encoding}`, async () => {
        const { peer, client, next } = await warm();
        const { ending } = record(client.unary(note));
        const id = await next();
        const fields = encoding === undefined ? {} : { 'grpc-encoding': encoding };
        peer.send(responseHeaders(id, fields), data(id, compressed()), trailers(id, { 'grpc-status': '0' }));
        const { error } = (await ending) as { error: any };
        expect(error).to.include({ code: Code.INTERNAL });
        expect(error.details).to.match(details);
        expectShort();
      });
    }
  });

  it('shows the headers and trailers of the server, without those about compression', async () => {
    const { peer, client, next } = await warm();
    const told: unknown[] = [];
    const { ending } = record(
      client.unary(note, {
        onHeaders: headers => told.push(headers.getMap()),
        onTrailers: metadata => told.push(metadata.getMap()),
      }),
    );
    const id = await next();
    const coding = { 'grpc-encoding': 'identity', 'grpc-accept-encoding': 'gzip' };
    peer.send(responseHeaders(id, { ...coding, 'x-a': '1' }), data(id, message(note)));
    peer.send(trailers(id, { 'grpc-status': '0', 'x-b': '2' }));
    expect(await ending).to.deep.equal({});
    expect(told).to.deep.equal([{ 'content-type': 'application/grpc', 'x-a': '1' }, { 'x-b': '2' }]);
    expectShort();
  });

  it('ends with the status of a server that sends nothing else', async () => {
    const { peer, client, next } = await warm();
    const { ending } = record(client.unary(note));
    peer.send(trailersOnly(await next(), { 'grpc-status': '9', 'grpc-message': 'no' }));
    expect((await ending).error).to.include({ code: Code.FAILED_PRECONDITION, details: 'no' });
    expectShort();
  });

  it('is reset at its deadline, and its status says how long it took', async () => {
    const { peer, client, next } = await warm();
    const { ending } = record(client.unary(note, { timeoutMs: 30 }));
    const { error } = (await ending) as { error: any };
    expect(error).to.include({ code: Code.DEADLINE_EXCEEDED });
    expect(error.details).to.match(
      /^Deadline exceeded after 0\.\d{3}s,(time to current attempt start: [\d.]+s,)?(LB pick: [\d.]+s,)?remote_addr=127\.0\.0\.1:\d+$/,
    );
    const id = await next();
    await peer.seen(({ type, stream }) => type === RST_STREAM && stream === id);
    expect(endings(peer.frames(id))).to.deep.equal(['END_STREAM', `RST_STREAM ${CANCEL}`]);
    expectShort();
  });

  it('that is cancelled is reset', async () => {
    const { peer, client, next } = await warm();
    const { subscription } = record(client.unary(note));
    const id = await next();
    subscription.unsubscribe();
    await peer.seen(({ type, stream }) => type === RST_STREAM && stream === id);
    expectShort();
  });

  it('that is cancelled in the turn in which it starts sends nothing', async () => {
    const { peer, client, next } = await warm();
    record(client.unary(note)).subscription.unsubscribe();
    const { ending } = record(client.unary(note));
    answer(peer, await next());
    expect(await ending).to.deep.equal({});
    expect(peer.frames().filter(({ type }) => type === HEADERS)).to.have.lengthOf(2);
    expect(seen).to.deep.equal({ long: 1, started: 3, ended: 3 });
  });

  it('waits for a connection after the previous one was lost', async () => {
    const { peer, client, next } = await warm();
    peer.connections[0]!.destroy();
    await firstValueFrom(state$(client).pipe(filter(state => state === 'IDLE')));
    const { ending } = record(client.unary(note, { waitForReady: true }));
    answer(peer, await next());
    expect(await ending).to.deep.equal({});
  });

  it('waits for a stream when the server limits them', async () => {
    const { peer, client } = await peers.run({ maxConcurrentStreams: 1 });
    const first = record(client.bidi(concat(of(note), NEVER)));
    const firstId = await peer.stream(0);
    peer.send(responseHeaders(firstId));
    const second = record(client.unary(note));
    const third = record(client.unary(note));
    peer.send(data(firstId, message(note)), trailers(firstId, { 'grpc-status': '0' }));
    expect(await first.ending).to.deep.equal({});
    answer(peer, await peer.stream(1));
    expect(await second.ending).to.deep.equal({});
    answer(peer, await peer.stream(2));
    expect(await third.ending).to.deep.equal({});
    expect(seen.long).to.equal(1);
  });

  it('is refused by a closed client', async () => {
    const { client } = await warm();
    close(client);
    const { error } = (await record(client.unary(note)).ending) as { error: any };
    expect(error).to.include({ code: Code.CANCELLED, details: 'the client is closed' });
    expect(seen.started).to.equal(1);
  });
});
