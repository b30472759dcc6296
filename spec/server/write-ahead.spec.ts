import {
  experimental,
  ServerCredentials,
  ServerInterceptingCall,
  type ServerInterceptingCallInterface,
  type ServerInterceptor,
  type ServerMethodDefinition,
} from '@grpc/grpc-js';
import { expect } from 'chai';
import { concat, finalize, map, NEVER, type Observable, range, throwError } from 'rxjs';
import { pull } from '../../lib/flow/pull.ts';
import { implement } from '../../lib/server/implement.ts';
import { type ServeOptions, type Server, serve } from '../../lib/server/serve.ts';
import { rawResponse, writeAhead } from '../../lib/server/write-ahead.ts';
import { Code, RpcError } from '../../lib/status.ts';
import { useBench } from '../support/bench.ts';
import { deferred } from '../support/deferred.ts';
import { Lab, type Note } from '../support/lab.ts';
import { plainCall } from '../support/plain.ts';
import { rawCall } from '../support/raw-call.ts';
import { record } from '../support/record.ts';
import { settled } from '../support/settled.ts';

const MAX_MESSAGES = 64;
const MAX_BYTES = 8192;
const ours = { responseSerialize: rawResponse } as unknown as ServerMethodDefinition<any, any>;

/** grpc-js's own call: it writes down what it is given, and says that it is on the wire when told to. */
function wire() {
  const taken: (() => void)[] = [];
  const sent: unknown[] = [];
  const call = {
    sendMetadata: () => {},
    sendMessage: (message: unknown, callback: () => void) => {
      sent.push(message);
      taken.push(callback);
    },
  } as unknown as ServerInterceptingCallInterface;
  return { call, sent, take: () => taken.shift()!() };
}

/** Sends as grpc-js's stream does, the next message when it is told to go on; gives how many were sent. */
function sendAll(call: ServerInterceptingCallInterface, message: () => unknown): () => number {
  let sent = 0;
  const next = (): void => {
    if (++sent < 10_000) call.sendMessage(message(), next);
  };
  next();
  return () => sent;
}

const hostOf = (server: Server): string => server.target.replace('http://', '');

describe('what a server writes ahead', () => {
  const bench = useBench();

  for (const [what, bytes, most] of [
    ['64 messages', 32, MAX_MESSAGES],
    ['8 KiB', 1024, 8],
    ['one message, where it has 8 KiB', MAX_BYTES, 1],
    ['two messages, where one has a byte less than 8 KiB', MAX_BYTES - 1, 2],
  ] as const) {
    it(`is ${what}, and one more each time one was taken`, () => {
      const { call, take } = wire();
      const sent = sendAll(writeAhead()(ours, call), () => Buffer.alloc(bytes));
      expect(sent()).to.equal(most);
      take();
      expect(sent()).to.equal(most + 1);
      for (let i = 0; i < 10; i++) take();
      expect(sent()).to.equal(most + 11);
    });
  }

  it('comes in order, each message once', () => {
    const { call, sent, take } = wire();
    let n = 0;
    sendAll(writeAhead()(ours, call), () => Buffer.alloc(32, n++));
    for (let i = 0; i < 100; i++) take();
    expect(sent.map(message => (message as Buffer)[0])).to.deep.equal([...Array(100 + MAX_MESSAGES).keys()]);
  });

  it('ends at a message that grpc-js refuses: nothing follows it', () => {
    for (const [bytes, most] of [
      [100, MAX_MESSAGES],
      [101, 1],
    ] as const) {
      const { call } = wire();
      expect(sendAll(writeAhead(100)(ours, call), () => Buffer.alloc(bytes))(), `${bytes}`).to.equal(most);
    }
    const { call } = wire();
    expect(sendAll(writeAhead()(ours, call), () => 'no bytes')()).to.equal(1);
  });

  it('is one message for the services of others, and behind an interceptor', () => {
    const { call } = wire();
    const other = { ...ours, responseSerialize: (bytes: Buffer) => bytes };
    expect(sendAll(writeAhead()(other, call), () => Buffer.alloc(32))()).to.equal(1);
    const behind = writeAhead()(ours, new ServerInterceptingCall(call));
    expect(sendAll(behind, () => Buffer.alloc(32))()).to.equal(1);
  });

  it('stops at a reader that stopped, and is given up with the call', async () => {
    for (const bytes of [64, 512]) {
      let asked = 0;
      const ended = deferred<void>();
      const text = 'x'.repeat(bytes);
      const source = function* () {
        for (;;) yield { n: ++asked, text };
      };
      const { server } = await bench.run({ serverStream: () => pull(source).pipe(finalize(() => ended.resolve())) });
      const call = rawCall(server, Lab.serverStream.path);
      bench.onEnd(() => call.close());
      call.send({ n: 0 });
      call.stream.end();
      const ahead = Math.min(MAX_MESSAGES, Math.ceil(MAX_BYTES / bytes)) + 4 + 1;
      expect(await settled(() => asked)).to.be.within(1, Math.ceil(65_535 / bytes) + ahead);
      call.close();
      await ended.promise;
    }
  });

  it('stands before the status, an error too', async () => {
    for (const count of [0, 1, 63, 64, 65, 1000]) {
      const note$ = range(0, count).pipe(map((n): Note => ({ n })));
      const error = new RpcError(Code.ABORTED, 'enough');
      const { server } = await bench.run({
        serverStream: () => note$,
        bidi: () =>
          concat(
            note$,
            throwError(() => error),
          ),
      });
      const well = await plainCall(hostOf(server), 'serverStream', [{ n: 0 }]);
      expect([well.notes.length, well.status.code]).to.deep.equal([count, Code.OK]);
      const badly = await plainCall(hostOf(server), 'bidi', []);
      expect([badly.notes.length, badly.status.code]).to.deep.equal([count, Code.ABORTED]);
      expect(badly.notes.map(({ n }) => n)).to.deep.equal([...Array(count).keys()]);
    }
  });

  it('leaves the status to a message that is too large, behind all before it', async () => {
    const large = (n: number) => ({ n, text: 'x'.repeat(n === 50 ? 500 : 5) });
    const { client } = await bench.run(
      {
        serverStream: () =>
          pull(function* () {
            for (let n = 0; n < 1000; n++) yield large(n);
          }),
      },
      { serverOptions: { 'grpc.max_send_message_length': 100 } },
    );
    const { values, ending } = record(client.serverStream({ n: 0 }));
    expect((await ending).error).to.include({ code: Code.RESOURCE_EXHAUSTED });
    expect(values).to.have.length(50);
  });

  it('is nothing that interceptors see: one message at a time, however long each takes', async () => {
    let atWork = 0;
    let most = 0;
    const slow: ServerInterceptor = (_, call) =>
      new ServerInterceptingCall(call, {
        sendMetadata: (metadata, next) => setImmediate(() => next(metadata)),
        sendMessage: (message, next) => {
          most = Math.max(most, ++atWork);
          setImmediate(() => {
            atWork--;
            next(message);
          });
        },
      });
    const implementation = { serverStream: () => range(0, 200).pipe(map(n => ({ n }))) as Observable<Note> };
    const insecure = ServerCredentials.createInsecure();
    const servers: [string, ServeOptions][] = [
      ['http://127.0.0.1:0', { serverOptions: { interceptors: [slow] } }],
      ['127.0.0.1:0', { credentials: experimental.createServerCredentialsWithInterceptors(insecure, [slow]) }],
    ];
    for (const [address, options] of servers) {
      const server = await serve(address, implement.partial(Lab, implementation), options);
      bench.onEnd(() => server.shutdown({ graceMs: 0 }));
      const { notes, status } = await plainCall(hostOf(server), 'serverStream', [{ n: 0 }]);
      expect(status.code).to.equal(Code.OK);
      expect(notes.map(({ n }) => n)).to.deep.equal([...Array(200).keys()]);
    }
    expect(most).to.equal(1);
  });

  it('is nothing to services of grpc-js: one whose serializer fails still tells its status', async () => {
    const serialize = (note: Note): Buffer => {
      if (note.n === 3) throw new Error('no');
      return Buffer.from(JSON.stringify(note));
    };
    const definition = { serverStream: { ...Lab.serverStream, responseSerialize: serialize } };
    const implementation = {
      serverStream: (call: any) => {
        for (let n = 0; n < 100; n++) call.write({ n });
      },
    };
    const server = await serve('http://127.0.0.1:0', { definition, implementation });
    bench.onEnd(() => server.shutdown({ graceMs: 0 }));
    const { notes, status } = await plainCall(hostOf(server), 'serverStream', [{ n: 0 }]);
    expect([notes.length, status.code]).to.deep.equal([3, Code.INTERNAL]);
  });

  it('ends with the connection, and the source with it', async () => {
    const ended = deferred<void>();
    const started = deferred<void>();
    const { server } = await bench.run({
      bidi: () => {
        started.resolve();
        return concat(range(0, 100).pipe(map(n => ({ n }))), NEVER).pipe(finalize(() => ended.resolve()));
      },
    });
    const call = rawCall(server, Lab.bidi.path);
    await started.promise;
    call.close();
    await ended.promise;
  });
});
