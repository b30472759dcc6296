import http2 from 'node:http2';
import { expect } from 'chai';
import { Code } from '../../lib/index.ts';
import {
  data,
  frame,
  HEADERS,
  headerBlock,
  message,
  RST_STREAM,
  responseHeaders,
  trailers,
} from '../grpc-js/raw-peer.ts';
import { streaming } from '../support/bench.ts';
import { type Note, shapes } from '../support/lab.ts';
import { useBadClient } from './bad-client.ts';
import { useBadServer } from './bad-server.ts';
import { itGivesBackTheMemory } from './memory.ts';
import { OK, wholeResponse } from './points.ts';
import { requestHeaders } from './raw-client.ts';

const { NGHTTP2_COMPRESSION_ERROR, NGHTTP2_ENHANCE_YOUR_CALM } = http2.constants;
const CONTINUATION = 9;
const END_HEADERS = 4;
const note: Note = { n: 1 };

/** Limits of Node (`maxHeaderListPairs`) and of its nghttp2, which no public option of grpc-js changes. */
const MAX_PAIRS = 128;
const MAX_FIELD_BYTES = 65_536;
const MAX_CONTINUATIONS = 8;

const pairs = (count: number): Record<string, string> =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [`x-${i}`, 'y']));

/** HEADERS, and this many CONTINUATION frames. */
function continued(headers: Buffer, id: number, continuations: number): Buffer[] {
  const flags = headers[4]! & ~END_HEADERS;
  return [
    frame(HEADERS, flags, id, headers.subarray(9)),
    ...Array.from({ length: continuations }, (_, i) =>
      frame(CONTINUATION, i === continuations - 1 ? END_HEADERS : 0, id),
    ),
  ];
}

describe('Headers of a request', () => {
  const bad = useBadClient();

  it(`may have ${MAX_PAIRS} fields; one more resets the stream, and no handler is called`, async () => {
    const { call, handled, livesOn } = await bad.run();
    const own = Object.keys(requestHeaders('unary')).length;
    for (const [n, shape] of shapes.entries()) {
      const good = call(shape, pairs(MAX_PAIRS - own));
      good.stream.end(message(note));
      expect((await good.answer).trailers, shape).to.include({ 'grpc-status': '0' });
      const { resetCode } = await call(shape, pairs(MAX_PAIRS - own + 1)).answer;
      expect(resetCode).to.equal(NGHTTP2_ENHANCE_YOUR_CALM);
      expect(handled).to.have.lengthOf(n + 1);
    }
    await livesOn();
  });

  it(`may have a field of ${MAX_FIELD_BYTES} bytes; a longer one ends the connection, and no handler is called`, async () => {
    const { call, handled, livesOn } = await bad.run();
    const good = call('unary', { 'x-a': '!'.repeat(MAX_FIELD_BYTES) });
    good.stream.end(message(note));
    expect((await good.answer).trailers).to.include({ 'grpc-status': '0' });
    const { resetCode } = await call('unary', { 'x-a': '!'.repeat(MAX_FIELD_BYTES + 1) }).answer;
    expect(resetCode).to.equal(NGHTTP2_COMPRESSION_ERROR);
    expect(handled).to.have.lengthOf(1);
    await livesOn();
  });

  it(`may have ${MAX_CONTINUATIONS} CONTINUATION frames; one more ends the connection, and no handler is called`, async () => {
    const { connect, handler, handled, livesOn } = await bad.run();
    const headers = headerBlock(1, requestHeaders('unary'), false);
    const good = connect();
    good.send(...continued(headers, 1, MAX_CONTINUATIONS), data(1, message(note), true));
    await (await handler(0)).over;
    const { send, closed } = connect();
    send(...continued(headers, 1, MAX_CONTINUATIONS + 1));
    await closed;
    expect(handled).to.have.lengthOf(1);
    await livesOn();
  });

  itGivesBackTheMemory();
});

describe('Headers of a response', () => {
  const bad = useBadServer();

  it(`may have ${MAX_PAIRS} fields; one more ends the call with RESOURCE_EXHAUSTED`, async () => {
    const { peer, call, livesOn } = await bad.run();
    const tooMany = async (shape: (typeof shapes)[number], sent: (id: number) => Buffer[], notes: Note[]) => {
      const { id, values, ending } = await call(shape);
      peer.send(...sent(id));
      expect((await ending).error, shape).to.include({ code: Code.RESOURCE_EXHAUSTED });
      expect(values).to.deep.equal(notes);
      const reset = await peer.seen(({ type, stream }) => type === RST_STREAM && stream === id);
      expect(reset.payload.readUInt32BE()).to.equal(NGHTTP2_ENHANCE_YOUR_CALM);
    };
    for (const shape of shapes) {
      const { id, values, ending } = await call(shape);
      const [head, body, end] = [pairs(MAX_PAIRS - 2), message(note), pairs(MAX_PAIRS - 1)];
      peer.send(responseHeaders(id, head), data(id, body), trailers(id, { ...OK, ...end }));
      expect(await ending, shape).to.deep.equal({});
      expect(values).to.deep.equal([note]);
      await tooMany(shape, of => [responseHeaders(of, pairs(MAX_PAIRS - 1))], []);
      await tooMany(
        shape,
        of => [responseHeaders(of), data(of, body), trailers(of, { ...OK, ...pairs(MAX_PAIRS) })],
        streaming(shape).responses ? [note] : [],
      );
    }
    await livesOn();
  });

  // Not many more: from 60 on, Node 20 and 22 abort occasionally: "Assertion failed: (current_nghttp2_memory_) == (0)".
  it(`may have ${MAX_CONTINUATIONS} CONTINUATION frames; one more ends the connection`, async () => {
    const { peer, call, livesOn } = await bad.run();
    for (const shape of shapes) {
      const good = await call(shape);
      const [headers, ...rest] = wholeResponse(good.id);
      peer.send(...continued(headers!, good.id, MAX_CONTINUATIONS), ...rest);
      expect(await good.ending, shape).to.deep.equal({});
      const { id, ending } = await call(shape);
      peer.send(...continued(responseHeaders(id), id, MAX_CONTINUATIONS + 1));
      expect((await ending).error).to.include({ code: Code.INTERNAL });
    }
    await livesOn();
  });

  itGivesBackTheMemory();
});
