import { once } from 'node:events';
import type net from 'node:net';
import { expect } from 'chai';
import { NEVER } from 'rxjs';
import { Code } from '../../lib/status.ts';
import { data, message, responseHeaders } from '../grpc-js/raw-peer.ts';
import { callOf, streaming } from '../support/bench.ts';
import { shapes } from '../support/lab.ts';
import { errorOf, record } from '../support/record.ts';
import { useBadClient } from './bad-client.ts';
import { useBadServer } from './bad-server.ts';
import { itGivesBackTheMemory } from './memory.ts';
import { requestPoints, responsePoints, wholeResponse } from './points.ts';
import { PREFACE } from './raw-client.ts';

const SETTINGS = 4;

/** How TCP says it. */
const ways: readonly (readonly [string, (socket: net.Socket) => void])[] = [
  ['FIN', socket => socket.end()],
  ['RST', socket => socket.resetAndDestroy()],
];

describe('A connection that the server closes', () => {
  const bad = useBadServer();

  for (const [how, close] of ways) {
    for (const { at, sent, notes } of responsePoints) {
      for (const shape of shapes) {
        if (notes.length > 1 && !streaming(shape).responses) continue; // there is no such point

        it(`ends a call with UNAVAILABLE, behind the responses that came: ${how} ${at}, ${shape}`, async () => {
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
    it(`behind the trailers changes nothing: ${shape}`, async () => {
      const { peer, call, livesOn } = await bad.run();
      for (let i = 0; i < 10; i++) {
        const { id, values, ending } = await call(shape);
        // In one packet with them. (RST takes from the reader what he has not read.)
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
    it(`in the middle of ${where}: UNAVAILABLE`, async () => {
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
      it(`after ${what}: UNAVAILABLE, and who waits for the next connection is served: ${how}`, async () => {
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

describe('A connection that the client closes', () => {
  const bad = useBadClient();

  for (const [how, close] of ways) {
    for (const { at, sent, notes } of requestPoints) {
      for (const shape of shapes) {
        if (notes.length > 1 && !streaming(shape).requests) continue; // there is no such point

        it(`ends a call with CANCELLED: ${how} ${at}, ${shape}`, async () => {
          const { connect, handler, livesOn } = await bad.run();
          for (let n = 0; n < 3; n++) {
            const { open, send, socket } = connect();
            const id = open(shape);
            const { call, received, values, ending, over } = await handler(n);
            send(...sent(id));
            if (streaming(shape).requests) await received(notes.length);
            close(socket);
            await over;
            const { error } = await ending;
            // A single request that has come whole may be acted on; that its caller is gone is known later.
            if (streaming(shape).requests || at !== 'between messages') {
              expect(error).to.include({ code: Code.CANCELLED });
              expect(call.signal.aborted).to.equal(true);
              expect(values).to.deep.equal(streaming(shape).requests ? notes : []);
            }
          }
          await livesOn();
        });
      }
    }

    for (const shape of shapes) {
      it(`behind the half-close unsubscribes from response$: ${how}, ${shape}`, async () => {
        const { connect, handler, livesOn } = await bad.run({ isEndless: true });
        const { open, send, socket } = connect();
        send(data(open(shape), message({ n: 1 }), true));
        const { call, ending, over } = await handler(0);
        expect(await ending).to.deep.equal({});
        close(socket);
        await over;
        expect(call.signal.aborted).to.equal(true);
        await livesOn();
      });

      it(`ends every call on it: ${how}, ${shape}`, async () => {
        const { connect, handler, livesOn } = await bad.run();
        const { open, socket } = connect();
        for (let n = 0; n < 50; n++) open(shape);
        await handler(49);
        close(socket);
        for (let n = 0; n < 50; n++) {
          const { ending, over } = await handler(n);
          expect((await ending).error).to.include({ code: Code.CANCELLED });
          await over;
        }
        await livesOn();
      });
    }
  }

  it('while its half-close is under way never completes request$', async () => {
    const { connect, handler, livesOn } = await bad.run();
    for (let n = 0; n < 20; n++) {
      const [, close] = ways[n % ways.length]!;
      const shape = n % 4 < 2 ? 'clientStream' : 'bidi';
      const { open, send, socket } = connect();
      const id = open(shape);
      const { ending, over } = await handler(n);
      // All but the last byte of what would be the half-close.
      send(data(id, message({ n: 1 })), data(id, Buffer.alloc(0), true).subarray(0, -1));
      close(socket);
      expect((await ending).error).to.include({ code: Code.CANCELLED });
      await over;
    }
    await livesOn();
  });

  const greetings: readonly (readonly [string, Buffer])[] = [
    ['nothing', Buffer.alloc(0)],
    ['half a preface', PREFACE.subarray(0, 10)],
    ['the preface', PREFACE],
    ['half of its SETTINGS', Buffer.concat([PREFACE, Buffer.from([0, 0, 6, 4])])],
    ['a request of HTTP/1.1', Buffer.from('GET / HTTP/1.1\r\nhost: x\r\n\r\n')],
    ['noise', Buffer.from(Array.from({ length: 1000 }, (_, i) => (i * 7919) & 0xff))],
  ];
  for (const [what, greeting] of greetings) {
    it(`after ${what} leaves nothing`, async () => {
      const { connect, handled, livesOn } = await bad.run();
      for (const [, close] of ways) {
        for (let i = 0; i < 5; i++) {
          const { socket, closed } = connect({ greeting });
          await once(socket, 'connect');
          close(socket);
          await closed;
        }
      }
      expect(handled).to.deep.equal([]);
      await livesOn();
    });
  }

  itGivesBackTheMemory();
});
