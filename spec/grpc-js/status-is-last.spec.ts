import { Server as GrpcServer, ServerCredentials } from '@grpc/grpc-js';
import { expect } from 'chai';
import { concat, finalize, map, NEVER, range } from 'rxjs';
import { Code, implement, type Server } from '../../lib/index.ts';
import { inAllShapes, useBench } from '../support/bench.ts';
import { deferred } from '../support/deferred.ts';
import { Lab } from '../support/lab.ts';
import { rawCall } from '../support/raw-call.ts';

/** Ten times what HTTP/2 accepts on a stream that nobody reads. */
const note$ = range(0, 20).pipe(map(n => ({ n, text: 'x'.repeat(32_000) })));

describe('A response after the status, from a service on a grpc-js server,', () => {
  const bench = useBench();

  /** A call whose reader starts when the deadline has reached its handler. */
  async function lateReader(server: Pick<Server, 'target'>, path: string, ended: Promise<void>) {
    const call = rawCall(server as Server, path, { 'grpc-timeout': '100m' });
    bench.onEnd(() => call.close());
    call.send({ n: 0 });
    await ended;
    // grpc-js's own timer for the same time was started before the timer of this library.
    await new Promise(setImmediate);
    return call.finish();
  }

  for (const shape of ['serverStream', 'bidi'] as const) {
    it(`is dropped, and the client gets DEADLINE_EXCEEDED: ${shape}`, async () => {
      const ended = deferred();
      const { definition, implementation } = implement(
        Lab,
        inAllShapes(() => concat(note$, NEVER).pipe(finalize(ended.resolve))) as any,
      );
      const server = new GrpcServer();
      server.addService(definition, implementation);
      bench.onEnd(() => server.forceShutdown());
      const port = await new Promise<number>((resolve, reject) => {
        const credentials = ServerCredentials.createInsecure();
        server.bindAsync('127.0.0.1:0', credentials, (error, bound) => (error ? reject(error) : resolve(bound)));
      });
      const target = `http://127.0.0.1:${port}`;
      const { notes, trailers } = await lateReader({ target }, Lab[shape].path, ended.promise);
      expect(trailers['grpc-status']).to.equal(String(Code.DEADLINE_EXCEEDED));
      expect(notes.map(({ n }) => n)).to.deep.equal([...Array(notes.length).keys()]);
    });
  }
});
