import http2 from 'node:http2';
import { expect } from 'chai';
import { Code } from '../../lib/index.ts';
import { data, message, reset } from '../grpc-js/raw-peer.ts';
import { streaming } from '../support/bench.ts';
import { shapes } from '../support/lab.ts';
import { useBadClient } from './bad-client.ts';
import { useBadServer } from './bad-server.ts';
import { itGivesBackTheMemory } from './memory.ts';
import { errorCodes, requestPoints, responsePoints, statusOfReset, wholeResponse } from './points.ts';

const { NGHTTP2_CANCEL, NGHTTP2_REFUSED_STREAM } = http2.constants;

describe('A reset by the server', () => {
  const bad = useBadServer();

  for (const { at, sent, notes } of responsePoints) {
    for (const shape of shapes) {
      if (notes.length > 1 && !streaming(shape).responses) continue; // this shape has no such point
      it(`ends a call with the status for its code, after the responses that arrived: ${at}, ${shape}`, async () => {
        const { peer, call, livesOn } = await bad.run();
        for (const code of errorCodes) {
          // grpc-js retries these; see below.
          if (code === NGHTTP2_REFUSED_STREAM && at === 'before the headers') continue;
          const { id, values, ending } = await call(shape);
          peer.send(...sent(id), reset(id, code));
          const { error } = await ending;
          expect(error, `code ${code}`).to.include({ code: statusOfReset(code) });
          expect(values, `code ${code}`).to.deep.equal(streaming(shape).responses ? notes : []);
        }
        await livesOn();
      });
    }
  }

  for (const shape of shapes) {
    it(`after the trailers changes nothing: ${shape}`, async () => {
      const { peer, call, livesOn } = await bad.run();
      for (const code of errorCodes) {
        const { id, values, ending } = await call(shape);
        peer.send(...wholeResponse(id), reset(id, code));
        expect(await ending, `code ${code}`).to.deep.equal({});
        expect(values).to.deep.equal([{ n: 1 }]);
      }
      await livesOn();
    });

    it(`with REFUSED_STREAM before the headers is retried once, unnoticed: ${shape}`, async () => {
      const { peer, call, serveNext, nextStream, livesOn } = await bad.run();
      const served = await call(shape);
      peer.send(reset(served.id, NGHTTP2_REFUSED_STREAM));
      await serveNext({ n: 1 });
      expect(await served.ending).to.deep.equal({});
      expect(served.values).to.deep.equal([{ n: 1 }]);

      const refused = await call(shape);
      peer.send(reset(refused.id, NGHTTP2_REFUSED_STREAM));
      peer.send(reset(await nextStream(), NGHTTP2_REFUSED_STREAM));
      expect((await refused.ending).error).to.include({ code: Code.UNAVAILABLE });
      await livesOn();
    });
  }

  itGivesBackTheMemory();
});

describe('A reset by the client', () => {
  const bad = useBadClient();

  for (const { at, sent, notes } of requestPoints) {
    for (const shape of shapes) {
      if (notes.length > 1 && !streaming(shape).requests) continue; // this shape has no such point
      it(`ends the call with CANCELLED, whatever its code: ${at}, ${shape}`, async () => {
        const { connect, handler, livesOn } = await bad.run();
        const { open, send } = connect();
        for (const [n, code] of errorCodes.entries()) {
          const id = open(shape);
          const { call, received, values, ending, over } = await handler(n);
          send(...sent(id));
          if (streaming(shape).requests) await received(notes.length);
          send(reset(id, code));
          await over;
          // A complete single request may be processed; the handler learns later that it was cancelled.
          const { error } = await ending;
          if (streaming(shape).requests || at !== 'between messages') {
            expect(error, `code ${code}`).to.include({ code: Code.CANCELLED });
            expect(call.signal.aborted).to.equal(true);
          }
          if (streaming(shape).requests) expect(values).to.deep.equal(notes);
        }
        await livesOn();
      });
    }
  }

  for (const { at, sent } of requestPoints) {
    for (const shape of ['clientStream', 'bidi'] as const) {
      it(`in one packet with the data before it never completes request$: ${at}, ${shape}`, async () => {
        const { connect, handler, livesOn } = await bad.run();
        const { open, send } = connect();
        for (const [n, code] of errorCodes.entries()) {
          const id = open(shape);
          send(...sent(id), data(id, Buffer.alloc(0), true), reset(id, code));
          const { ending, over } = await handler(n);
          expect((await ending).error, `code ${code}`).to.be.an.instanceOf(Error);
          await over;
        }
        await livesOn();
      });
    }
  }

  for (const shape of shapes) {
    it(`after the half-close unsubscribes from response$: ${shape}`, async () => {
      const { connect, handler, livesOn } = await bad.run({ isEndless: true });
      const { open, send } = connect();
      for (const [n, code] of errorCodes.entries()) {
        const id = open(shape);
        send(data(id, message({ n: 1 }), true));
        const { call, ending, over } = await handler(n);
        expect(await ending).to.deep.equal({});
        send(reset(id, code));
        await over;
        expect(call.signal.aborted, `code ${code}`).to.equal(true);
      }
      await livesOn();
    });
  }

  it('before the headers of its stream ends the connection and the calls on it', async () => {
    const { connect, handler, livesOn } = await bad.run();
    const { open, send, closed } = connect();
    open('bidi');
    const { ending, over } = await handler(0);
    send(reset(99, NGHTTP2_CANCEL));
    expect((await ending).error).to.include({ code: Code.CANCELLED });
    await Promise.all([over, closed]);
    await livesOn();
  });

  itGivesBackTheMemory();
});
