import { credentials as grpcCredentials, Metadata, type StatusObject } from '@grpc/grpc-js';
import { expect } from 'chai';
import { NEVER } from 'rxjs';
import type { ClientListener } from '../../lib/call/message-channel.ts';
import type { OpenOptions } from '../../lib/call/transport.ts';
import { writeMessages } from '../../lib/call/write-messages.ts';
import { GrpcClientChannel } from '../../lib/grpc-js/client-channel.ts';
import { Code, close, connect, pull } from '../../lib/index.ts';
import { Counted } from '../backpressure/support/counted.ts';
import { Lab } from '../support/lab.ts';
import { errorOf, record } from '../support/record.ts';
import { settled } from '../support/settled.ts';
import { data, HEADERS, message, RST_STREAM, responseHeaders, trailers, trailersOnly } from './raw-peer.ts';
import { usePeers } from './use-peers.ts';

const ignore = (): void => {};
const upTo = (last: number): number[] => Array.from({ length: last }, (_, i) => i + 1);
const statusOf = (code: number, details = ''): StatusObject => ({ code, details, metadata: new Metadata() });

function metadataOf(entries: Record<string, string>): Metadata {
  const metadata = new Metadata();
  for (const [key, value] of Object.entries(entries)) metadata.set(key, value);
  return metadata;
}

/** A grpc-js channel with one call that records what it receives. */
function channel() {
  const log: string[] = [];
  const messages: any[] = [];
  const callbacks: (() => void)[] = [];
  let created: unknown[] = [];
  let listener: any;
  let given: unknown;
  const call = {
    setCredentials: (credentials: unknown) => {
      given = credentials;
      log.push('credentials');
    },
    start: (metadata: Metadata, to: unknown) => {
      log.push(`start ${JSON.stringify(metadata.getMap())}`);
      listener = to;
    },
    startRead: () => log.push('ask'),
    sendMessageWithContext: ({ callback }: { callback: () => void }, bytes: any) => {
      messages.push(bytes);
      callbacks.push(callback);
      log.push(`message of ${bytes.byteLength}`);
    },
    halfClose: () => log.push('half-close'),
    cancelWithStatus: (code: number, details: string) => log.push(`cancel ${code} ${details}`),
  };
  return {
    log,
    messages,
    get created() {
      return created;
    },
    get listener() {
      return listener;
    },
    get credentials() {
      return given;
    },
    written: () => callbacks.shift()!(),
    asChannel: {
      createCall: (...args: unknown[]) => {
        created = args;
        return call;
      },
    } as any,
  };
}

function begin({ isJoining = false, ...options }: Partial<OpenOptions> & { isJoining?: boolean } = {}) {
  const grpc = channel();
  const given: OpenOptions = {
    metadata: new Metadata(),
    deadline: undefined,
    host: undefined,
    credentials: undefined,
    compression: undefined,
    ...options,
  };
  const told: string[] = [];
  const listener: ClientListener = {
    onHeaders: headers => told.push(`headers ${JSON.stringify(headers.getMap())}`),
    onMessages: () => told.push('messages'),
    onEnd: ({ code, details }) => told.push(`status ${code} ${details}`),
    onStreamWait: isWaiting => told.push(`waits ${isWaiting}`),
  };
  const callOptions = { isJoining, isBatching: false, shortCalls: undefined };
  const call = new GrpcClientChannel(grpc.asChannel, Lab.bidi, given, listener, callOptions);
  return { grpc, call, told };
}

describe('A direct client call', () => {
  it('starts with the given arguments, and nothing else', () => {
    const { grpc } = begin({ metadata: metadataOf({ 'x-key': 'v' }), deadline: 5, host: 'a.b' });
    expect(grpc.created).to.deep.equal(['/lab.Lab/Bidi', 5, 'a.b', null, undefined]);
    expect(grpc.log).to.deep.equal(['start {"x-key":"v"}']);
  });

  it('has no deadline of its own', () => {
    expect(begin().grpc.created).to.deep.equal(['/lab.Lab/Bidi', Number.POSITIVE_INFINITY, undefined, null, undefined]);
  });

  it('gets its credentials before it starts', () => {
    const credentials = grpcCredentials.createEmpty();
    const { grpc } = begin({ credentials });
    expect(grpc.log).to.deep.equal(['credentials', 'start {}']);
    expect(grpc.credentials).to.equal(credentials);
  });

  it('requests a response when it is read, and at most 16 ahead of the reader', () => {
    const { grpc, call } = begin();
    expect(grpc.log).to.not.include('ask');
    call.read();
    let given = 0;
    while (grpc.log.filter(said => said === 'ask').length > given && given < 100) {
      given++;
      grpc.listener.onReceiveMessage(Buffer.of(given));
    }
    expect(given).to.be.within(1, 16);
    expect(upTo(given).map(() => call.read()![0])).to.deep.equal(upTo(given));
  });

  it('reports headers before messages, and the status at once; the messages before it can still be read', () => {
    const { grpc, call, told } = begin();
    call.read();
    grpc.listener.onReceiveMetadata(metadataOf({ 'x-key': 'v' }));
    grpc.listener.onReceiveMessage(Buffer.of(1));
    grpc.listener.onReceiveStatus(statusOf(5, 'no'));
    expect(told).to.deep.equal(['headers {"x-key":"v"}', 'messages', 'status 5 no']);
    expect([call.hasEnded, call.size]).to.deep.equal([true, 1]);
    expect(call.read()![0]).to.equal(1);
    expect([call.read(), told.length]).to.deep.equal([null, 3]);
  });

  it('has one status, however often grpc-js reports one', () => {
    const { grpc, call, told } = begin();
    call.read();
    for (const code of [0, 13, 0]) grpc.listener.onReceiveStatus(statusOf(code));
    call.read();
    expect(told).to.deep.equal(['status 0 ']);
  });

  it('reports a content type that is not gRPC in an error', () => {
    const foreign = 'the server answered with content-type "text/html", not application/grpc';
    for (const [type, code, expected] of [
      ['text/html', 8, `status 2 ${foreign} (too large)`],
      ['text/html', 14, `status 14 ${foreign} (too large)`],
      ['text/html', 0, 'status 0 too large'],
      ['application/grpc', 8, 'status 8 too large'],
      ['application/grpc+proto', 8, 'status 8 too large'],
      [undefined, 8, 'status 8 too large'],
    ] as const) {
      const { grpc, told } = begin();
      grpc.listener.onReceiveMetadata(metadataOf(type === undefined ? {} : { 'content-type': type }));
      grpc.listener.onReceiveStatus(statusOf(code, 'too large'));
      expect(told.find(said => said.startsWith('status'))).to.equal(expected);
    }
  });

  it('is cancelled at once, and again a turn later: grpc-js loses a cancellation in the turn of the start', async () => {
    const { grpc, call } = begin();
    call.cancel({ code: 1, details: 'Cancelled on client' });
    const cancelled = `cancel ${Code.CANCELLED} Cancelled on client`;
    expect(grpc.log).to.deep.equal(['start {}', cancelled]);
    await new Promise(setImmediate);
    expect(grpc.log).to.deep.equal(['start {}', cancelled, cancelled]);
  });

  it('reports neither headers nor a status after it was cancelled', () => {
    const { grpc, call, told } = begin();
    call.cancel({ code: 1, details: 'Cancelled on client' });
    grpc.listener.onReceiveMetadata(new Metadata());
    grpc.listener.onReceiveStatus(statusOf(1));
    expect(told).to.deep.equal([]);
  });

  for (const isJoining of [false, true]) {
    describe(isJoining ? 'that joins' : 'that does not join', () => {
      it('writes at once when no write is in progress, and one write at a time', () => {
        const { grpc, call } = begin({ isJoining });
        for (const n of [1, 2, 3]) call.write(Buffer.alloc(n), ignore);
        expect(grpc.log.slice(1)).to.deep.equal(['message of 1']);
        grpc.written();
        expect(grpc.messages.at(-1).byteLength).to.equal(isJoining ? 2 + 5 + 3 : 2);
      });

      it('half-closes after everything written, without waiting for the last write', () => {
        const { grpc, call } = begin({ isJoining });
        call.write(Buffer.alloc(1), ignore);
        call.write(Buffer.alloc(2), ignore);
        call.finish();
        expect(grpc.log.slice(1)).to.deep.equal(['message of 1']);
        grpc.written();
        expect(grpc.log.slice(1)).to.deep.equal(['message of 1', 'message of 2', 'half-close']);
        const single = begin({ isJoining });
        single.call.write(Buffer.alloc(1), ignore);
        single.call.finish();
        expect(single.grpc.log.slice(1)).to.deep.equal(['message of 1', 'half-close']);
      });

      for (const [what, size, most] of [
        ['256 messages', 75, 256],
        ['19 KiB', 77, 253],
        ['two messages, however large', 1_000_000, 2],
      ] as const) {
        it(`accepts up to ${what} ahead of the wire`, () => {
          const { grpc, call } = begin({ isJoining });
          const source = new Counted();
          const encode = () => new Uint8Array(size);
          const sending = writeMessages(pull(source), call, { encode, complete: ignore, error: ignore });
          expect(source.asked).to.equal(most);
          grpc.written();
          expect(source.asked).to.equal(most + 1);
          sending.stop();
        });
      }
    });
  }
});

describe('A direct client call over the wire', () => {
  const peers = usePeers();
  const note = { n: 1 };

  it('reports headers before the first response, once', async () => {
    const { peer, client } = await peers.run();
    const log: unknown[] = [];
    const onHeaders = (headers: Metadata) => log.push(...headers.get('x-key'));
    const ending = new Promise<void>(resolve => {
      client.bidi(NEVER, { onHeaders }).subscribe({ next: ({ n }) => log.push(n), complete: resolve });
    });
    const stream = await peer.stream(0);
    peer.send(responseHeaders(stream, { 'x-key': 'v' }), data(stream, Buffer.concat([message(note), message(note)])));
    peer.send(trailers(stream, { 'grpc-status': '0', 'x-key': 'no header' }));
    await ending;
    expect(log).to.deep.equal(['v', 1, 1]);
  });

  it('reports headers that are also trailers as trailers', async () => {
    const { peer, client } = await peers.run();
    const log: string[] = [];
    const { ending } = record(
      client.bidi(NEVER, { onHeaders: () => log.push('headers'), onTrailers: () => log.push('trailers') }),
    );
    peer.send(trailersOnly(await peer.stream(0), { 'grpc-status': '5' }));
    expect((await ending).error).to.include({ code: 5 });
    expect(log.at(-1)).to.equal('trailers');
    expect(log.filter(said => said === 'trailers')).to.have.lengthOf(1);
  });

  it('explains a response that is not gRPC', async () => {
    const { peer, client } = await peers.run();
    const error = errorOf(client.unary(note));
    const stream = await peer.stream(0);
    peer.send(
      responseHeaders(stream, { 'content-type': 'text/html' }),
      data(stream, Buffer.from('<html></html>'), true),
    );
    expect(await error).to.include({ code: Code.UNKNOWN });
    expect((await error).details).to.match(
      /^the server answered with content-type "text\/html", not application\/grpc/,
    );
  });

  it('leaves nothing behind when it is cancelled in the turn of its start', async () => {
    const { peer, client } = await peers.run();
    for (let n = 0; n < 20; n++) {
      client.bidi(NEVER).subscribe().unsubscribe();
      client.unary(note).subscribe().unsubscribe();
    }
    await settled(() => peer.frames().length);
    const opened = peer.frames().flatMap(({ type, stream }) => (type === HEADERS ? [stream] : []));
    const wasReset = peer.frames().flatMap(({ type, stream }) => (type === RST_STREAM ? [stream] : []));
    expect(wasReset).to.include.members(opened);
    const { ending } = record(client.unary(note));
    const next = await peer.stream(opened.length);
    peer.send(responseHeaders(next), data(next, message(note)), trailers(next, { 'grpc-status': '0' }));
    expect(await ending).to.deep.equal({});
  });

  it('fails before it is made when its credentials fail', async () => {
    const client = connect(Lab, 'http://127.0.0.1:1');
    peers.onEnd(() => close(client));
    const credentials = grpcCredentials.createFromMetadataGenerator((_, callback) => callback(null, new Metadata()));
    expect(await errorOf(client.unary(note, { credentials }))).to.include({ code: Code.UNAUTHENTICATED });
  });
});
