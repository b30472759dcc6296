import { expect } from 'chai';
import { type Observable, Subject } from 'rxjs';
import { toAsyncIterable } from '../../lib/index.ts';
import type { Note } from '../support/lab.ts';
import { data, message, NO_ERROR, reset, responseHeaders, trailers } from './raw-peer.ts';
import { usePeers } from './use-peers.ts';

const COUNT = 40;

describe('A request sent after the server has ended the call (grpc-js)', () => {
  const peers = usePeers();

  for (const [status, end] of [
    [{ 'grpc-status': '0' }, 'OK'],
    [{ 'grpc-status': '10', 'grpc-message': 'enough' }, 'ABORTED: enough'],
  ] as const) {
    for (const [how, rest] of [
      ['with trailers', []],
      ['with trailers and a reset', [NO_ERROR]],
    ] as const) {
      for (const bytes of [1, 1000]) {
        it(`is dropped, and all ${COUNT} responses of ${bytes} bytes are read before ${end}, ${how}`, async () => {
          const { peer, client } = await peers.run();
          const request$ = new Subject<Note>();
          const ended = read(client.bidi(request$), request$);
          const stream = await peer.stream(0);
          const text = 'x'.repeat(bytes);
          peer.send(
            responseHeaders(stream),
            ...Array.from({ length: COUNT }, (_, n) => data(stream, message({ n, text }))),
            trailers(stream, status),
            ...rest.map(code => reset(stream, code)),
          );
          expect(await ended).to.deep.equal({ received: COUNT, end });
        });
      }
    }
  }
});

/** Takes one response every few turns, and sends a request for each. */
async function read(response$: Observable<Note>, request$: Subject<Note>) {
  let received = 0;
  try {
    for await (const { n } of toAsyncIterable(response$)) {
      expect(n).to.equal(received++);
      for (let turns = 0; turns < 3; turns++) await new Promise(setImmediate);
      request$.next({ n });
    }
    return { received, end: 'OK' };
  } catch (error: any) {
    return { received, end: `${error.codeName}: ${error.details}` };
  }
}
