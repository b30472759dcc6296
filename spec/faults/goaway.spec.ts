import { once } from 'node:events';
import http2 from 'node:http2';
import { expect } from 'chai';
import { Code } from '../../lib/index.ts';
import { data, goAway, HEADERS, isEndOfStream, message } from '../grpc-js/raw-peer.ts';
import { streaming } from '../support/bench.ts';
import { shapes } from '../support/lab.ts';
import { useBadClient } from './bad-client.ts';
import { useBadServer } from './bad-server.ts';
import { itGivesBackTheMemory } from './memory.ts';
import { errorCodes, requestPoints, responsePoints, statusOfReset, wholeResponse } from './points.ts';

const { NGHTTP2_NO_ERROR, NGHTTP2_REFUSED_STREAM } = http2.constants;
const MAX_STREAM = 2 ** 31 - 1;
const failures = errorCodes.filter(code => code !== NGHTTP2_NO_ERROR);

describe('GOAWAY from the server', () => {
  const bad = useBadServer();

  it('between two calls is not noticed, whatever its code: the next one uses a new connection', async () => {
    const { peer, livesOn } = await bad.run();
    for (const [n, code] of errorCodes.entries()) {
      await livesOn();
      const connection = peer.connections.at(-1)!;
      connection.write(goAway(1, code));
      await once(connection, 'close');
      expect(peer.connections).to.have.lengthOf(n + 1);
    }
    await livesOn();
  });

  for (const { at, sent, notes, rest, allNotes } of responsePoints) {
    for (const shape of shapes) {
      if (allNotes.length > 1 && !streaming(shape).responses) continue; // this shape has no such point

      it(`that covers a call lets it run to its end: ${at}, ${shape}`, async () => {
        for (const isTold of [true, false]) {
          const { peer, call, taken, livesOn } = await bad.run();
          const old = await call(shape);
          const connection = peer.connections[0]!;
          peer.send(...sent(old.id), goAway(isTold ? old.id : MAX_STREAM, NGHTTP2_NO_ERROR));
          await taken();

          const later = await call('unary');
          expect(peer.connections, 'connections').to.have.lengthOf(2);
          peer.send(...wholeResponse(later.id));
          expect(await later.ending).to.deep.equal({});

          connection.write(Buffer.concat(rest(old.id)));
          expect(await old.ending).to.deep.equal({});
          expect(old.values).to.deep.equal(allNotes);
          await livesOn();
        }
      });
    }

    for (const shape of shapes) {
      if (notes.length > 1 && !streaming(shape).responses) continue; // this shape has no such point

      it(`that excludes a call ${at === 'before the headers' ? 'repeats it' : 'ends it with UNAVAILABLE'}: ${at}, ${shape}`, async () => {
        const { peer, call, serveNext, livesOn } = await bad.run();
        await livesOn(); // so that there is an earlier stream
        const { id, values, ending } = await call(shape);
        peer.send(...sent(id), goAway(1, NGHTTP2_NO_ERROR));
        if (at === 'before the headers') {
          await serveNext({ n: 1 });
          expect(await ending).to.deep.equal({});
          expect(values).to.deep.equal([{ n: 1 }]);
          expect(peer.connections, 'connections').to.have.lengthOf(2);
        } else {
          expect((await ending).error).to.include({ code: Code.UNAVAILABLE });
          expect(values).to.deep.equal(streaming(shape).responses ? notes : []);
        }
        await livesOn();
      });

      // Node ends all streams with the code of the GOAWAY; for grpc-js, each stream was reset.
      it(`with an error ends a call like a reset with that code: ${at}, ${shape}`, async () => {
        const { peer, call, livesOn } = await bad.run();
        for (const code of failures) {
          if (code === NGHTTP2_REFUSED_STREAM && at === 'before the headers') continue; // is repeated
          const { id, values, ending } = await call(shape);
          peer.send(...sent(id), goAway(id, code));
          expect((await ending).error, `code ${code}`).to.include({ code: statusOfReset(code) });
          expect(values, `code ${code}`).to.deep.equal(streaming(shape).responses ? notes : []);
        }
        await livesOn();
      });
    }
  }

  itGivesBackTheMemory();
});

describe('GOAWAY from the client', () => {
  const bad = useBadClient();

  it('between two calls ends the connection, whatever its code, and the server continues', async () => {
    const { connect, handler, livesOn } = await bad.run();
    for (const [n, code] of errorCodes.entries()) {
      const { open, send, seen, closed } = connect();
      const id = open('unary');
      send(data(id, message({ n: 1 }), true));
      await (await handler(n)).over;
      await seen(isEndOfStream);
      send(goAway(0, code));
      await closed;
    }
    await livesOn();
  });

  for (const { at, sent, notes, rest, allNotes } of requestPoints) {
    for (const shape of shapes) {
      if (allNotes.length > 1 && !streaming(shape).requests) continue; // this shape has no such point

      it(`lets a call run to its end: ${at}, ${shape}`, async () => {
        const { connect, handler, livesOn } = await bad.run();
        const { open, send, seen, closed } = connect();
        const id = open(shape);
        const { values, ending, over } = await handler(0);
        send(...sent(id), goAway(0, NGHTTP2_NO_ERROR), ...rest(id));
        expect(await ending).to.deep.equal({});
        expect(values).to.deep.equal(allNotes);
        const trailers = await seen(frame => frame.type === HEADERS && isEndOfStream(frame));
        expect(trailers?.stream).to.equal(id);
        await Promise.all([over, closed]);
        await livesOn();
      });
    }

    for (const shape of shapes) {
      if (notes.length > 1 && !streaming(shape).requests) continue; // this shape has no such point

      it(`with an error ends a call with CANCELLED: ${at}, ${shape}`, async () => {
        const { connect, handler, livesOn } = await bad.run();
        for (const [n, code] of failures.entries()) {
          const { open, send, closed } = connect();
          const id = open(shape);
          const { ending, over, call } = await handler(n);
          send(...sent(id), goAway(0, code));
          await Promise.all([over, closed]);
          const { error } = await ending;
          // A complete single request may be processed; the handler learns later that its caller has gone.
          if (streaming(shape).requests || at !== 'between messages') {
            expect(error, `code ${code}`).to.include({ code: Code.CANCELLED });
            expect(call.signal.aborted).to.equal(true);
          }
        }
        await livesOn();
      });
    }
  }

  itGivesBackTheMemory();
});
