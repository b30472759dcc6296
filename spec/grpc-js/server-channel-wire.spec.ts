import { experimental, ServerCredentials, ServerInterceptingCall, type ServerInterceptor } from '@grpc/grpc-js';
import { expect } from 'chai';
import { concat, defer, finalize, ignoreElements, map, NEVER, range, throwError } from 'rxjs';
import { Code, implement, pull, RpcError, type ServeOptions, type Server, serve } from '../../lib/index.ts';
import { useBench } from '../support/bench.ts';
import { deferred } from '../support/deferred.ts';
import { Lab, type Note } from '../support/lab.ts';
import { plainCall } from '../support/plain.ts';
import { rawCall } from '../support/raw-call.ts';
import { record } from '../support/record.ts';
import { settled } from '../support/settled.ts';

const MAX_MESSAGES = 256;
const MAX_BYTES = 16 * 1024;
/** What HTTP/2 accepts on a stream that nobody reads. */
const WINDOW = 65_535;

const hostOf = (server: Server): string => server.target.replace('http://', '');
const upTo = (count: number): number[] => [...Array(count).keys()];

describe('Responses on the wire', () => {
  const bench = useBench();

  for (const coalesce of [true, false]) {
    for (const bytes of [64, 512, 20_000]) {
      it(`stop at a reader that stops, and are dropped with the call: ${bytes} bytes, coalesce: ${coalesce}`, async () => {
        let asked = 0;
        const ended = deferred();
        const text = 'x'.repeat(bytes);
        const source = function* () {
          for (;;) yield { n: ++asked, text };
        };
        const { server } = await bench.run(
          { serverStream: () => pull(source).pipe(finalize(() => ended.resolve())) },
          { coalesce },
        );
        const call = rawCall(server, Lab.serverStream.path);
        bench.onEnd(() => call.close());
        call.send({ n: 0 });
        call.stream.end();
        const ahead = Math.max(2, Math.min(MAX_MESSAGES, Math.ceil(MAX_BYTES / bytes))) + 1;
        const most = Math.ceil(WINDOW / bytes) + ahead;
        expect(await settled(() => asked)).to.be.within(Math.floor(WINDOW / (bytes + 40)), most);
        call.close();
        await ended.promise;
      });
    }

    it(`precede the status, also an error, in order: coalesce: ${coalesce}`, async () => {
      for (const count of [0, 1, 127, 128, 129, 256, 257, 2000]) {
        const note$ = range(0, count).pipe(map((n): Note => ({ n })));
        const error = new RpcError(Code.ABORTED, 'enough');
        const failing$ = concat(
          note$,
          throwError(() => error),
        );
        const { server } = await bench.run({ serverStream: () => note$, bidi: () => failing$ }, { coalesce });
        const well = await plainCall(hostOf(server), 'serverStream', [{ n: 0 }]);
        expect([well.notes.length, well.status.code]).to.deep.equal([count, Code.OK]);
        const badly = await plainCall(hostOf(server), 'bidi', []);
        expect([badly.notes.length, badly.status.code]).to.deep.equal([count, Code.ABORTED]);
        expect(badly.notes.map(({ n }) => n)).to.deep.equal(upTo(count));
      }
    });
  }

  it('are ended by the error status of one that is too large, after those before it', async () => {
    const notes = (isAwaited: boolean) =>
      pull(async function* () {
        for (let n = 0; n < 1000; n++) {
          if (isAwaited) await new Promise(setImmediate);
          yield { n, text: 'x'.repeat(n === 50 ? 500 : 5) };
        }
      });
    for (const isAwaited of [false, true]) {
      const { client } = await bench.run(
        { serverStream: () => notes(isAwaited) },
        { serverOptions: { 'grpc.max_send_message_length': 100 } },
      );
      const { values, ending } = record(client.serverStream({ n: 0 }));
      expect((await ending).error).to.include({ code: Code.RESOURCE_EXHAUSTED });
      expect(values).to.have.length(50);
    }
  });

  it('reach interceptors one at a time, however slow those are', async () => {
    let atWork = 0;
    let most = 0;
    let seen = 0;
    let allSeen = deferred();
    const slow: ServerInterceptor = (_, call) =>
      new ServerInterceptingCall(call, {
        sendMetadata: (metadata, next) => setImmediate(() => next(metadata)),
        sendMessage: (message, next) => {
          most = Math.max(most, ++atWork);
          setImmediate(() => {
            atWork--;
            next(message);
            if (++seen % 200 === 0) allSeen.resolve();
          });
        },
      });
    const note$ = concat(
      range(0, 200).pipe(map((n): Note => ({ n }))),
      defer(() => allSeen.promise).pipe(ignoreElements()),
    );
    const insecure = ServerCredentials.createInsecure();
    const servers: [string, ServeOptions][] = [
      ['http://127.0.0.1:0', { serverOptions: { interceptors: [slow] } }],
      ['127.0.0.1:0', { credentials: experimental.createServerCredentialsWithInterceptors(insecure, [slow]) }],
    ];
    for (const [address, options] of servers) {
      allSeen = deferred();
      const server = await serve(address, implement.partial(Lab, { serverStream: () => note$ }), options);
      bench.onEnd(() => server.shutdown({ graceMs: 0 }));
      const { notes, status } = await plainCall(hostOf(server), 'serverStream', [{ n: 0 }]);
      expect(status.code).to.equal(Code.OK);
      expect(notes.map(({ n }) => n)).to.deep.equal(upTo(200));
    }
    expect([most, seen]).to.deep.equal([1, 400]);
  });

  it('of grpc-js services are unaffected: one whose serializer fails still sends its status', async () => {
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

  it('end with the connection, and so does their source', async () => {
    const ended = deferred();
    const started = deferred();
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
