import { expect } from 'chai';
import { concat, NEVER, type Observable, of } from 'rxjs';
import { Code, isRpcError } from '../../lib/index.ts';
import { callOf, inAllShapes, overEachTransport } from '../support/bench.ts';
import type { Note } from '../support/lab.ts';
import { record } from '../support/record.ts';

/** Often enough to hit the moment at which grpc-js reports a cancellation as a half-close. */
const UPLOADS = 200;
/** Three windows of 64 KiB: such a message needs several round trips; a call cancelled at its start has none. */
const LONGER_THAN_WINDOW = 200_000;

overEachTransport('A cancelled upload', (bench, transport) => {
  for (const shape of ['clientStream', 'bidi'] as const) {
    for (const [state, sent] of [
      ['idle', []],
      ['after some messages', [{ n: 1 }, { n: 2 }, { n: 3 }]],
      ['in the middle of a message', [{ n: 1 }, { n: 2, text: 'x'.repeat(LONGER_THAN_WINDOW) }]],
    ] as const) {
      it(`reaches the handler as an error, never as completion: ${shape}, ${state}`, async () => {
        const ends: string[] = [];
        const received = new Set<number>();
        let started!: () => void;
        let ended!: () => void;
        const { client } = await bench.run(
          inAllShapes(request$ => {
            started();
            request$.subscribe({
              next: ({ n }) => received.add(n),
              error: error => {
                ends.push(isRpcError(error, Code.CANCELLED) ? 'cancelled' : String(error));
                ended();
              },
              complete: () => {
                ends.push('complete');
                ended();
              },
            });
            return NEVER;
          }),
        );
        for (let i = 0; i < UPLOADS; i++) {
          const start = new Promise<void>(resolve => {
            started = resolve;
          });
          const end = new Promise<void>(resolve => {
            ended = resolve;
          });
          const request$: Observable<Note> = concat(of(...sent), NEVER);
          const { subscription } = record(callOf(client, shape, request$));
          await start;
          subscription.unsubscribe();
          await end;
        }
        expect(ends).to.deep.equal(Array(UPLOADS).fill('cancelled'));
        if (transport === 'over the wire' && state === 'in the middle of a message') {
          expect([...received], 'received whole').to.deep.equal([1]);
        }
      });
    }
  }
});
