import { expect } from 'chai';
import { runChild } from '../support/run-child.ts';

/** The built package and the sources: the first copy that connects applies the client patches. */
describe('Two copies of this library in a process', () => {
  for (const [first, second] of [
    ['rx-grpc', 'lib/index.ts'],
    ['lib/index.ts', 'rx-grpc'],
  ] as const) {
    it(`both receive batches and detect calls that wait for a stream: ${first} first`, async () => {
      const { stdout, stderr } = await runChild(`
        import { lastValueFrom, NEVER, toArray } from 'rxjs';
        import * as first from '${first}';
        import * as second from '${second}';
        import { Lab } from 'support/lab.ts';

        const notes = Array.from({ length: 500 }, (_, n) => ({ n }));
        const seen = [];
        for (const { close, connect, implement, inspect, pull, serve } of [first, second]) {
          const handlers = { serverStream: () => pull(notes), bidi: () => NEVER };
          const server = await serve('http://127.0.0.1:0', implement.partial(Lab, handlers), {
            serverOptions: { 'grpc.max_concurrent_streams': 1 },
          });
          const client = connect(Lab, server.target);
          const received = await lastValueFrom(client.serverStream({ n: 0 }).pipe(toArray()));
          const calls = [client.bidi(NEVER).subscribe(), client.bidi(NEVER).subscribe()];
          const waiting = () => inspect(client).calls.filter(({ sent }) => sent.waitsFor === 'stream').length;
          for (let turn = 0; turn < 10_000 && waiting() === 0; turn++) await new Promise(setImmediate);
          seen.push([received.length, waiting()]);
          for (const call of calls) call.unsubscribe();
          close(client);
          await server.shutdown({ graceMs: 0 });
        }
        console.log(JSON.stringify(seen));
      `);
      const [ofFirst, ofSecond] = JSON.parse(stdout || '[]');
      expect([ofFirst, ofSecond], stderr).to.deep.equal([
        [500, 1],
        [500, 1],
      ]);
    });
  }
});
