import { once } from 'node:events';
import type net from 'node:net';
import { expect } from 'chai';
import { Code } from '../../lib/index.ts';
import { data, message } from '../grpc-js/raw-peer.ts';
import { streaming } from '../support/bench.ts';
import { shapes } from '../support/lab.ts';
import { useBadClient } from './bad-client.ts';
import { itGivesBackTheMemory } from './memory.ts';
import { requestPoints } from './points.ts';
import { PREFACE } from './raw-client.ts';

/** How the socket closes. */
const ways: readonly (readonly [string, (socket: net.Socket) => void])[] = [
  ['FIN', socket => socket.end()],
  ['RST', socket => socket.resetAndDestroy()],
];

describe('A connection that the client closes', () => {
  const bad = useBadClient();

  for (const [how, close] of ways) {
    for (const { at, sent, notes } of requestPoints) {
      for (const shape of shapes) {
        if (notes.length > 1 && !streaming(shape).requests) continue; // this shape has no such point

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
            // A complete single request may be processed; the handler learns later that its caller has gone.
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
      it(`after the half-close unsubscribes from response$: ${how}, ${shape}`, async () => {
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

  it('while its half-close is in flight never completes request$', async () => {
    const { connect, handler, livesOn } = await bad.run();
    for (let n = 0; n < 20; n++) {
      const [, close] = ways[n % ways.length]!;
      const shape = n % 4 < 2 ? 'clientStream' : 'bidi';
      const { open, send, socket } = connect();
      const id = open(shape);
      const { ending, over } = await handler(n);
      // All but the last byte of the half-close.
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
    it(`leaves nothing behind when it has sent ${what}`, async () => {
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
