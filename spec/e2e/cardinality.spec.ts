import { expect } from 'chai';
import { concat, EMPTY, NEVER, type Observable, of } from 'rxjs';
import { Code, close, connect, implement, isRpcError, serve } from '../../lib/index.ts';
import { inAllShapes, overEachTransport, useBench } from '../support/bench.ts';
import { deferred } from '../support/deferred.ts';
import { Lab, type Note } from '../support/lab.ts';
import { errorOf } from '../support/record.ts';

const note: Note = { n: 1 };

overEachTransport('The number of messages in a direction that has one', bench => {
  for (const shape of ['unary', 'serverStream'] as const) {
    for (const [request$, which] of [
      [EMPTY, 'none'],
      [concat(of(note, note), NEVER), 'a second one'],
    ] as const) {
      it(`is checked by the client: request$ had ${which}: UNIMPLEMENTED, and the call is cancelled: ${shape}`, async () => {
        const aborted = deferred();
        const { client } = await bench.run(
          inAllShapes((_, call) => {
            call.signal.addEventListener('abort', () => aborted.resolve());
            return NEVER;
          }),
        );
        const error = await errorOf(client[shape](request$ as Observable<Note>));
        expect(error).to.include({ code: Code.UNIMPLEMENTED, path: Lab[shape].path });
        expect(error.details).to.equal(`expected one request, request$ had ${which}`);
      });
    }
  }
});

/** The lab service with other shapes, for a peer that disagrees about which messages are single. */
const Streams = {
  unary: { ...Lab.unary, requestStream: true, responseStream: true },
  serverStream: { ...Lab.serverStream, requestStream: true },
  clientStream: { ...Lab.clientStream, responseStream: true },
} as const;

describe('The number of messages from a peer that disagrees about the shape', () => {
  const bench = useBench();

  for (const shape of ['unary', 'serverStream'] as const) {
    for (const [request$, which] of [
      [EMPTY, 'none'],
      [concat(of(note, note), NEVER), 'a second one'],
    ] as const) {
      it(`is checked by the server: the caller sent ${which}: UNIMPLEMENTED for request$ and for the caller: ${shape}`, async () => {
        const told = deferred<unknown>();
        const aborted = deferred();
        const { server } = await bench.run(
          inAllShapes((request$, call) => {
            call.signal.addEventListener('abort', () => aborted.resolve());
            request$.subscribe({ error: told.resolve });
            return NEVER;
          }),
        );
        const client = connect(Streams, server.target);
        bench.onEnd(() => close(client));
        const error = await errorOf(client[shape](request$ as Observable<Note>));
        expect(error).to.include({ code: Code.UNIMPLEMENTED, details: `expected one request, got ${which}` });
        expect(isRpcError(await told.promise, Code.UNIMPLEMENTED)).to.equal(true);
        await aborted.promise;
      });
    }
  }

  for (const shape of ['unary', 'clientStream'] as const) {
    for (const [response$, which] of [
      [EMPTY, 'none'],
      [concat(of(note, note), NEVER), 'a second one'],
    ] as const) {
      it(`is checked by the client: the server sent ${which}: UNIMPLEMENTED, never a hang: ${shape}`, async () => {
        const aborted = deferred();
        const server = await serve(
          'http://127.0.0.1:0',
          implement.partial(Streams, {
            [shape]: (_: unknown, call: { signal: AbortSignal }) => {
              call.signal.addEventListener('abort', () => aborted.resolve());
              return response$;
            },
          }),
        );
        bench.onEnd(() => server.shutdown({ graceMs: 0 }));
        const error = await errorOf(bench.connect(server)[shape](of(note)));
        expect(error).to.include({ code: Code.UNIMPLEMENTED, details: `expected one response, got ${which}` });
        if (which !== 'none') await aborted.promise;
      });
    }
  }
});
