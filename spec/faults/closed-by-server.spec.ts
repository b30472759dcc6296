import { once } from 'node:events';
import type net from 'node:net';
import { expect } from 'chai';
import { NEVER } from 'rxjs';
import { Code } from '../../lib/index.ts';
import { data, message, responseHeaders } from '../grpc-js/raw-peer.ts';
import { callOf, streaming } from '../support/bench.ts';
import { shapes } from '../support/lab.ts';
import { errorOf, record } from '../support/record.ts';
import { useBadServer } from './bad-server.ts';
import { itGivesBackTheMemory } from './memory.ts';
import { responsePoints, wholeResponse } from './points.ts';

const SETTINGS = 4;

/** How the socket closes. */
const ways: readonly (readonly [string, (socket: net.Socket) => void])[] = [
  ['FIN', socket => socket.end()],
  ['RST', socket => socket.resetAndDestroy()],
];

describe('A connection that the server closes', () => {
  const bad = useBadServer();

  for (const [how, close] of ways) {
    for (const { at, sent, notes } of responsePoints) {
      for (const shape of shapes) {
        if (notes.length > 1 && !streaming(shape).responses) continue; // this shape has no such point

        it(`ends a call with UNAVAILABLE, after the responses that arrived: ${how} ${at}, ${shape}`, async () => {
          const { peer, call, taken, livesOn } = await bad.run();
          for (let i = 0; i < 3; i++) {
            const { id, values, ending } = await call(shape);
            peer.send(...sent(id));
            await taken();
            close(peer.connections.at(-1)!);
            expect((await ending).error).to.include({ code: Code.UNAVAILABLE });
            expect(values).to.deep.equal(streaming(shape).responses ? notes : []);
          }
          await livesOn();
        });
      }
    }

    for (const shape of shapes) {
      it(`ends every call on it: ${how}, ${shape}`, async () => {
        const { peer, call, livesOn } = await bad.run();
        const calls = [];
        for (let i = 0; i < 50; i++) calls.push(await call(shape));
        close(peer.connections[0]!);
        for (const { ending } of calls) expect((await ending).error).to.include({ code: Code.UNAVAILABLE });
        await livesOn();
      });
    }
  }

  for (const shape of shapes) {
    it(`after the trailers changes nothing: ${shape}`, async () => {
      const { peer, call, livesOn } = await bad.run();
      for (let i = 0; i < 10; i++) {
        const { id, values, ending } = await call(shape);
        // In one packet with them. (RST discards what the reader has not read.)
        const connection = peer.connections.at(-1)!;
        connection.end(Buffer.concat(wholeResponse(id)));
        expect(await ending).to.deep.equal({});
        expect(values).to.deep.equal([{ n: 1 }]);
        await once(connection, 'close');
      }
      await livesOn();
    });
  }

  const cutFrames: readonly (readonly [string, (id: number) => Buffer])[] = [
    ['the head of a frame', id => responseHeaders(id).subarray(0, 5)],
    ['a HEADERS frame', id => responseHeaders(id).subarray(0, 15)],
    ['a DATA frame', id => Buffer.concat([responseHeaders(id), data(id, message({ n: 1 }))]).subarray(0, -2)],
  ];
  for (const [where, bytes] of cutFrames) {
    it(`in the middle of ${where} ends the call with UNAVAILABLE`, async () => {
      const { peer, call, livesOn } = await bad.run();
      for (const shape of shapes) {
        const { id, values, ending } = await call(shape);
        peer.connections.at(-1)!.end(bytes(id));
        expect((await ending).error, shape).to.include({ code: Code.UNAVAILABLE });
        expect(values).to.deep.equal([]);
      }
      await livesOn();
    });
  }

  const greetings: readonly (readonly [string, Buffer])[] = [
    ['nothing', Buffer.alloc(0)],
    ['half of its SETTINGS', Buffer.from([0, 0, 6, SETTINGS])],
  ];
  for (const [what, greeting] of greetings) {
    for (const [how, close] of ways) {
      it(`after ${what} ends the call with UNAVAILABLE, and a call that waits for the next connection is served: ${how}`, async () => {
        const { peer, client, serveNext, livesOn } = await bad.run({
          peer: { isSilent: true },
          channelOptions: { 'grpc.initial_reconnect_backoff_ms': 100 },
        });
        const met = (n: number) => peer.seen(() => peer.frames().filter(({ type }) => type === SETTINGS).length >= n);
        const errors = Promise.all(shapes.map(shape => errorOf(callOf(client, shape, NEVER))));
        await met(1);
        peer.send(greeting);
        close(peer.connections[0]!);
        for (const error of await errors) expect(error).to.include({ code: Code.UNAVAILABLE });

        const { values, ending } = record(client.unary({ n: 1 }, { waitForReady: true }));
        await met(2);
        peer.greet();
        await serveNext({ n: 1 });
        expect(await ending).to.deep.equal({});
        expect(values).to.deep.equal([{ n: 1 }]);
        await livesOn();
      });
    }
  }

  itGivesBackTheMemory();
});
