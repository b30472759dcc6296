import { Metadata, ServerInterceptingCall, type ServerInterceptingCallInterface } from '@grpc/grpc-js';
import { expect } from 'chai';
import { LiveCalls } from '../../lib/call/live-calls.ts';
import type { ServerChannel, ServerListener } from '../../lib/call/message-channel.ts';
import { writeMessages } from '../../lib/call/write-messages.ts';
import { findPrivateParts } from '../../lib/grpc-js/private.ts';
import { serveDirectly } from '../../lib/grpc-js/server-channel.ts';
import { pull } from '../../lib/index.ts';
import { Counted } from '../backpressure/support/counted.ts';

const ignore = (): void => {};
const deaf: ServerListener = { onMessages: ignore, onEnd: ignore };
const ok = { code: 0, details: '' };
const bytes = (size: number, n = 0): Buffer => Buffer.alloc(size, n);
const upTo = (last: number): number[] => Array.from({ length: last }, (_, i) => i + 1);

/** The call of grpc-js: it records what it receives, and confirms writes on command. */
class NextCall {
  readonly log: string[] = [];
  readonly messages: any[] = [];
  readonly callbacks: (() => void)[] = [];
  asked = 0;
  connection: object = {};
  deadline = Number.POSITIVE_INFINITY;
  listener!: { [K in keyof Parameters<ServerInterceptingCallInterface['start']>[0]]-?: any };

  start(listener: any): void {
    this.listener = listener;
  }

  startRead(): void {
    this.asked++;
  }

  sendMetadata(): void {
    this.log.push('headers');
  }

  sendMessage(message: any, callback: () => void): void {
    this.messages.push(message);
    this.log.push(`message of ${message.byteLength}`);
    this.callbacks.push(callback);
  }

  sendStatus({ code, details, metadata }: any): void {
    this.log.push(`status ${code} ${details} ${JSON.stringify(metadata?.getMap() ?? null)}`);
  }

  getPeer(): string {
    return 'a peer';
  }

  getConnectionInfo(): object {
    return this.connection;
  }

  getDeadline(): number {
    return this.deadline;
  }

  getAuthContext(): object {
    return { transportSecurityType: 'ssl' };
  }

  written(): void {
    this.callbacks.shift()!();
  }

  allWritten(): void {
    while (this.callbacks.length > 0) this.written();
  }
}

/** Call objects of grpc-js are recognized by their prototype. */
function ofGrpcJsItself(call: NextCall): ServerInterceptingCallInterface {
  const own = Object.create(findPrivateParts()!.serverCall);
  for (const name of Object.getOwnPropertyNames(NextCall.prototype)) {
    own[name] = (...args: unknown[]) => (call as any)[name](...args);
  }
  return own;
}

const serialize = (value: Buffer): Buffer => value;

interface Given {
  readonly isJoining?: boolean;
  readonly maxMessageBytes?: number;
  readonly isBehindInterceptor?: boolean;
}

/** A served call, the stream passed to its handler, and the call below it. */
function served({ isJoining = false, maxMessageBytes = Number.POSITIVE_INFINITY, isBehindInterceptor }: Given = {}) {
  const next = new NextCall();
  const call = ofGrpcJsItself(next);
  let stream!: ServerChannel;
  const serve = (given: ServerChannel): void => {
    stream = given;
  };
  const handlers = new Map([[serialize, { serve, requestStream: true, keepsNothing: true }]]);
  const toldGrpcJs: string[] = [];
  const ofGrpcJs: any = new Proxy({}, { get: (_, event) => () => toldGrpcJs.push(String(event)) });
  const live = new LiveCalls();
  const intercept = serveDirectly(handlers, { isJoining, isBatching: false, maxMessageBytes, live });
  intercept(
    { responseSerialize: serialize } as any,
    isBehindInterceptor ? new ServerInterceptingCall(call) : call,
  ).start(ofGrpcJs);
  const metadata = new Metadata();
  metadata.set('x-key', 'v');
  next.listener.onReceiveMetadata(metadata);
  return { next, stream, toldGrpcJs };
}

describe('A directly served call', () => {
  it('reaches its handler with its headers, and bypasses the listener of grpc-js', () => {
    const { next, stream, toldGrpcJs } = served();
    expect(stream.metadata.get('x-key')).to.deep.equal(['v']);
    expect([stream.getPeer(), stream.getDeadline()]).to.deep.equal(['a peer', Number.POSITIVE_INFINITY]);
    for (const [connection, peer] of [
      [{ remoteAddress: '::1', remotePort: 5 }, '::1:5'],
      [{ remoteAddress: 'a name' }, 'a name'],
    ] as const) {
      next.connection = connection;
      expect(stream.getPeer()).to.equal(peer);
    }
    expect(stream.getAuthContext()).to.deep.equal({ transportSecurityType: 'ssl' });
    stream.read();
    next.listener.onReceiveMessage(bytes(1));
    next.listener.onReceiveHalfClose();
    next.listener.onCancel();
    expect(toldGrpcJs).to.deep.equal([]);
  });

  it('of a foreign service is passed on to its handler, through the next call', () => {
    const next = new NextCall();
    const call = next as unknown as ServerInterceptingCallInterface;
    const intercept = serveDirectly(new Map(), {
      isJoining: true,
      isBatching: true,
      maxMessageBytes: 1,
      live: new LiveCalls(),
    });
    const others = intercept({ responseSerialize: serialize } as any, call);
    const log: unknown[] = [];
    others.start({
      onReceiveMetadata: () => log.push('headers'),
      onReceiveMessage: message => log.push(message),
      onReceiveHalfClose: () => log.push('end'),
      onCancel: () => log.push('cancelled'),
    });
    next.listener.onReceiveMetadata(new Metadata());
    next.listener.onReceiveMessage('of any kind');
    next.listener.onReceiveHalfClose();
    others.sendMessage('an answer', ignore);
    expect([log, next.messages]).to.deep.equal([['headers', 'of any kind', 'end'], ['an answer']]);
  });

  it('requests messages as they are read, and reports their end after them', () => {
    const { next, stream } = served();
    expect(next.asked).to.equal(0);
    const log: boolean[] = [];
    stream.listen({ ...deaf, onMessages: () => log.push(stream.hasEnded) });
    stream.read();
    expect(next.asked).to.equal(1);
    for (const n of upTo(3)) next.listener.onReceiveMessage(bytes(1, n));
    expect(upTo(3).map(() => stream.read()![0])).to.deep.equal([1, 2, 3]);
    next.listener.onReceiveHalfClose();
    expect([stream.read(), log]).to.deep.equal([null, [false, false, false, true]]);
  });

  it('requests at most 16 messages ahead of the reader', () => {
    const { next, stream } = served();
    stream.read();
    let given = 0;
    while (next.asked > given && given < 100) {
      given++;
      next.listener.onReceiveMessage(bytes(1));
    }
    expect(given).to.be.within(1, 16);
  });

  it('reports a cancellation, but none after its end', () => {
    for (const end of ['no end', 'an end', 'an error']) {
      const { next, stream } = served();
      let told = 0;
      stream.listen({ ...deaf, onEnd: () => told++ });
      if (end === 'an end') stream.finish(ok);
      if (end === 'an error') stream.finish({ code: 5, details: 'no', metadata: new Metadata() });
      next.listener.onCancel();
      expect(told, end).to.equal(end === 'no end' ? 1 : 0);
    }
  });

  it('sends headers and trailers, and each status', () => {
    const { next, stream } = served();
    const trailers = new Metadata();
    trailers.set('x-t', 'v');
    stream.sendHeaders(new Metadata());
    stream.write(bytes(1), ignore);
    stream.finish({ ...ok, metadata: trailers });
    expect(next.log).to.deep.equal(['headers', 'message of 1', 'status 0  {"x-t":"v"}']);
    const failing = served();
    failing.stream.finish({ code: 5, details: 'no', metadata: trailers });
    expect(failing.next.log).to.deep.equal(['status 5 no {"x-t":"v"}']);
    const bare = served();
    bare.stream.finish(ok);
    expect(bare.next.log).to.deep.equal(['status 0  null']);
  });
});

describe('Messages written by a directly served call', () => {
  const writeAll = (stream: ServerChannel, sizes: readonly number[]): void => {
    for (const size of sizes) stream.write(bytes(size), ignore);
  };

  it('are written separately and at once when nothing is in between', () => {
    const { next, stream } = served();
    writeAll(stream, upTo(100));
    expect(next.messages.map(({ byteLength }) => byteLength)).to.deep.equal(upTo(100));
  });

  it('are joined if permitted, with one write at a time', () => {
    const { next, stream } = served({ isJoining: true });
    writeAll(stream, [1, 1, 1, 1]);
    expect(next.messages).to.have.lengthOf(1);
    next.written();
    expect(next.log).to.deep.equal(['message of 1', `message of ${3 + 2 * 5}`]);
  });

  it('are written one at a time behind an interceptor, never joined', () => {
    for (const isJoining of [false, true]) {
      const { next, stream } = served({ isJoining, isBehindInterceptor: true });
      writeAll(stream, upTo(20));
      for (const n of upTo(20)) {
        expect([next.messages.length, next.messages.at(-1)!.byteLength]).to.deep.equal([n, n]);
        next.written();
      }
    }
  });

  for (const [what, size, most] of [
    ['256 messages', 63, 256],
    ['16 KiB', 65, 253],
    ['two messages, however large', 1_000_000, 2],
  ] as const) {
    it(`may be up to ${what} ahead of the wire, in any case`, () => {
      for (const given of [{}, { isJoining: true }, { isBehindInterceptor: true }]) {
        const { next, stream } = served(given);
        const source = new Counted();
        const sending = writeMessages(pull(source), stream, {
          encode: () => bytes(size),
          complete: ignore,
          error: ignore,
        });
        expect(source.asked).to.equal(most);
        next.written();
        expect(source.asked).to.equal(most + 1);
        sending.stop();
      }
    });
  }

  it('precede the status, also an error', () => {
    for (const [given, writes] of [
      [{}, ['message of 1', 'message of 2', 'message of 3']],
      [{ isJoining: true }, ['message of 1', 'message of 10']],
      [{ isBehindInterceptor: true }, ['headers', 'message of 1', 'message of 2', 'message of 3']],
    ] as const) {
      for (const end of ['end', 'error'] as const) {
        const { next, stream } = served(given);
        writeAll(stream, [1, 2, 3]);
        if (end === 'end') stream.finish({ ...ok, metadata: new Metadata() });
        else stream.finish({ code: 5, details: 'no', metadata: new Metadata() });
        next.allWritten();
        expect(next.log).to.deep.equal([...writes, end === 'end' ? 'status 0  {}' : 'status 5 no {}']);
      }
    }
  });

  it('do not delay the status when none is waiting', () => {
    for (const given of [{}, { isJoining: true }]) {
      const { next, stream } = served(given);
      writeAll(stream, [1]);
      stream.finish(ok);
      expect(next.log.at(-1)).to.equal('status 0  null');
    }
  });

  it('are not sent after the deadline: the call ends with DEADLINE_EXCEEDED, whatever the handler says', () => {
    const now = Date.now;
    try {
      for (const given of [{}, { isJoining: true }, { isBehindInterceptor: true }]) {
        for (const end of ['end', 'error'] as const) {
          for (const [atMs, isSent] of [
            [999_998, true],
            [999_999, false], // grpc-js's timer may fire a millisecond early
            [1_000_001, false],
          ] as const) {
            const { next, stream } = served(given);
            next.deadline = 1_000_000;
            const log: string[] = [];
            stream.listen({ ...deaf, onEnd: () => log.push('cancelled') });
            Date.now = () => 0;
            writeAll(stream, [1]);
            next.allWritten();
            Date.now = () => atMs;
            writeAll(stream, [2, 3]);
            if (end === 'end') stream.finish({ ...ok, metadata: new Metadata() });
            else stream.finish({ code: 5, details: 'no', metadata: new Metadata() });
            next.allWritten();
            const ended = end === 'end' ? 'status 0  {}' : 'status 5 no {}';
            expect(next.log.at(-1)).to.equal(isSent ? ended : 'status 4 the deadline has passed null');
            expect(next.log.filter(line => line.startsWith('status'))).to.have.length(1);
            expect(next.messages.map(({ byteLength }) => byteLength)).to.deep.equal(isSent ? [1, 2, 3] : [1]);
            expect(log).to.deep.equal(isSent ? [] : ['cancelled']);
          }
        }
      }
    } finally {
      Date.now = now;
    }
  });

  it('stop after a message that is larger than grpc-js sends', () => {
    for (const isBehindInterceptor of [false, true]) {
      const { next, stream } = served({ maxMessageBytes: 100, isBehindInterceptor });
      const source = new Counted(10);
      const sending = writeMessages(pull(source), stream, {
        encode: n => bytes(n === 5 ? 101 : 100),
        complete: ignore,
        error: ignore,
      });
      next.allWritten();
      expect(next.messages.map(({ byteLength }) => byteLength)).to.deep.equal([100, 100, 100, 100, 101]);
      sending.stop();
    }
  });
});
