import { experimental, ServerCredentials, ServerInterceptingCall, type ServerInterceptor } from '@grpc/grpc-js';
import { expect } from 'chai';
import { concat, finalize, map, NEVER, range, throwError } from 'rxjs';
import { Code, implement, pull, RpcError, type ServeOptions, serve } from '../../lib/index.ts';
import { inAllShapes, useBench } from '../support/bench.ts';
import { deferred } from '../support/deferred.ts';
import { Lab, type Note, shapes } from '../support/lab.ts';
import { plainCall } from '../support/plain.ts';
import { rawCall } from '../support/raw-call.ts';

const upTo = (count: number): number[] => [...Array(count).keys()];

/** grpc-js loses a status that arrives while an interceptor still has a message. */
describe('A status behind slow interceptors', () => {
  const bench = useBench();
  const slow: ServerInterceptor = (_, call) =>
    new ServerInterceptingCall(call, {
      sendMetadata: (metadata, next) => setImmediate(() => next(metadata)),
      sendMessage: (message, next) => void setImmediate(() => next(message)),
    });
  const insecure = ServerCredentials.createInsecure();
  const servers: [of: string, address: string, options: ServeOptions][] = [
    ['of the server', 'http://127.0.0.1:0', { serverOptions: { interceptors: [slow] } }],
    [
      'of its credentials',
      '127.0.0.1:0',
      { credentials: experimental.createServerCredentialsWithInterceptors(insecure, [slow]) },
    ],
  ];

  for (const [of, address, options] of servers) {
    it(`arrives after all messages: interceptors ${of}`, async () => {
      const server = await serve(address, implement(Lab, inAllShapes(request$ => request$) as any), options);
      bench.onEnd(() => server.shutdown({ graceMs: 0 }));
      for (const shape of shapes) {
        const { notes, status } = await plainCall(server.target.replace('http://', ''), shape, [{ n: 1 }]);
        expect([notes, status.code], shape).to.deep.equal([[{ n: 1 }], Code.OK]);
      }
    });

    it(`arrives after many messages, also an error: interceptors ${of}`, async () => {
      for (const count of [1, 2, 200]) {
        const note$ = range(0, count).pipe(map((n): Note => ({ n })));
        const failing$ = concat(
          note$,
          throwError(() => new RpcError(Code.ABORTED, 'enough')),
        );
        const bound = implement.partial(Lab, { serverStream: () => note$, bidi: () => failing$ });
        const server = await serve(address, bound, options);
        bench.onEnd(() => server.shutdown({ graceMs: 0 }));
        const host = server.target.replace('http://', '');
        const well = await plainCall(host, 'serverStream', [{ n: 0 }]);
        expect([well.notes.map(({ n }) => n), well.status.code]).to.deep.equal([upTo(count), Code.OK]);
        const badly = await plainCall(host, 'bidi', []);
        expect([badly.notes.map(({ n }) => n), badly.status.code]).to.deep.equal([upTo(count), Code.ABORTED]);
      }
    });
  }
});

/** grpc-js sends the status at the deadline; a message written after it would break the HTTP/2 stream. */
describe('A deadline that passes while the reader has stopped', () => {
  const bench = useBench();

  for (const coalesce of [true, false]) {
    for (const [what, last] of [
      ['has more', Number.POSITIVE_INFINITY],
      ['has completed', 100],
    ] as const) {
      it(`reaches the reader when it resumes, when the handler ${what}: coalesce: ${coalesce}`, async () => {
        const ended = deferred();
        const passed = deferred(); // resolves at the deadline of a later call
        const text = 'x'.repeat(1000);
        const source = function* () {
          for (let n = 0; n < last; n++) yield { n, text };
        };
        const { server } = await bench.run(
          {
            serverStream: () => pull(source).pipe(finalize(() => ended.resolve())),
            bidi: () => NEVER.pipe(finalize(() => passed.resolve())),
          },
          { coalesce },
        );
        const call = rawCall(server, Lab.serverStream.path, { 'grpc-timeout': '100m' });
        bench.onEnd(() => call.close());
        call.send({ n: 0 });
        const later = rawCall(server, Lab.bidi.path, { 'grpc-timeout': '110m' });
        bench.onEnd(() => later.close());
        await Promise.all([last === 100 ? undefined : ended.promise, passed.promise]);
        const { notes, trailers } = await call.finish();
        expect(trailers['grpc-status']).to.equal(String(Code.DEADLINE_EXCEEDED));
        expect(notes.map(({ n }) => n)).to.deep.equal(upTo(notes.length));
      });
    }
  }
});
