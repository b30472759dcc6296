import { expect } from 'chai';
import { Code, codeName } from '../../lib/index.ts';
import { data, headerBlock, message, trailers } from '../grpc-js/raw-peer.ts';
import { streaming } from '../support/bench.ts';
import { shapes } from '../support/lab.ts';
import { useBadClient } from './bad-client.ts';
import { useBadServer } from './bad-server.ts';
import { itGivesBackTheMemory } from './memory.ts';
import { OK } from './points.ts';

describe('The content type of a request', () => {
  const bad = useBadClient();

  const refused: readonly (readonly [string, string | undefined])[] = [
    ['none', undefined],
    ['empty', ''],
    ['text/plain', 'text/plain'],
    ['application/json', 'application/json'],
    ['application/grp', 'application/grp'],
  ];
  for (const [what, contentType] of refused) {
    it(`${what}: HTTP 415, and no handler is called`, async () => {
      const { call, handled, livesOn } = await bad.run();
      for (const shape of shapes) {
        for (const isOpen of [false, true]) {
          const { stream, answer } = call(shape, { 'content-type': contentType });
          stream.write(message({ n: 1 }));
          if (!isOpen) stream.end();
          const { headers, trailers, bytes } = await answer;
          expect(headers, shape).to.include({ ':status': 415 });
          expect(trailers).to.deep.equal({});
          expect(bytes).to.have.lengthOf(0);
        }
      }
      expect(handled).to.deep.equal([]);
      await livesOn();
    });
  }

  for (const contentType of ['application/grpc', 'application/grpc+proto', 'application/grpc;charset=utf-8']) {
    it(`${contentType}: is served`, async () => {
      const { call, livesOn } = await bad.run();
      for (const shape of shapes) {
        const { stream, answer } = call(shape, { 'content-type': contentType });
        stream.end(message({ n: 1 }));
        expect((await answer).trailers, shape).to.include({ 'grpc-status': '0' });
      }
      await livesOn();
    });
  }

  it('and the HTTP method are all that is checked: a request without te: trailers is served', async () => {
    const { call, livesOn } = await bad.run();
    for (const headers of [{ te: undefined }, { ':scheme': 'ftp' }]) {
      const { stream, answer } = call('bidi', headers);
      stream.end(message({ n: 1 }));
      expect((await answer).trailers).to.include({ 'grpc-status': '0' });
    }
    await livesOn();
  });

  itGivesBackTheMemory();
});

describe('The content type of a response', () => {
  const bad = useBadServer();
  const page = '<html><body>Sorry</body></html>';

  const faults: readonly (readonly [what: string, status: number, body: string, code: Code, reason: string])[] = [
    [
      'a page',
      200,
      page,
      Code.UNKNOWN,
      'the received data is not a gRPC message, whose first byte is 0 or 1: it begins with "<html"',
    ],
    ['a word', 200, 'no', Code.INTERNAL, 'Received RST_STREAM with code 0 (Call ended without gRPC status)'],
    ['nothing', 200, '', Code.INTERNAL, 'Received RST_STREAM with code 0 (Call ended without gRPC status)'],
    ['a page', 404, page, Code.UNIMPLEMENTED, 'Received HTTP status code 404'],
    ['a page', 503, page, Code.UNAVAILABLE, 'Received HTTP status code 503'],
    ['a word', 401, 'no', Code.UNAUTHENTICATED, 'Received HTTP status code 401'],
  ];
  for (const [what, status, body, code, reason] of faults) {
    it(`text/html, HTTP ${status}, ${what}: ${codeName(code)} with an explanation`, async () => {
      const { peer, call, livesOn } = await bad.run();
      for (const shape of shapes) {
        const { id, values, ending } = await call(shape);
        peer.send(
          headerBlock(id, { ':status': String(status), 'content-type': 'text/html' }, false),
          data(id, Buffer.from(body), true),
        );
        expect((await ending).error, shape).to.include({
          code,
          details: `the server answered with content-type "text/html", not application/grpc (${reason})`,
        });
        expect(values).to.deep.equal([]);
      }
      await livesOn();
    });
  }

  it('text/html with gRPC messages in the body: the error says so', async () => {
    const { peer, call, livesOn } = await bad.run();
    for (const shape of shapes) {
      const { id, ending, values } = await call(shape);
      peer.send(
        headerBlock(id, { ':status': '200', 'content-type': 'text/html' }, false),
        data(id, message({ n: 1 })),
        trailers(id, { 'grpc-status': '5', 'grpc-message': 'gone' }),
      );
      expect((await ending).error).to.include({
        code: Code.NOT_FOUND,
        details: 'the server answered with content-type "text/html", not application/grpc (gone)',
      });
      expect(values).to.have.lengthOf(streaming(shape).responses ? 1 : 0);
    }
    await livesOn();
  });

  for (const contentType of [undefined, 'text/html', 'application/grpc', 'application/grpc+json']) {
    it(`${contentType}, with everything else in order: OK`, async () => {
      const { peer, call, livesOn } = await bad.run();
      for (const shape of shapes) {
        const { id, values, ending } = await call(shape);
        peer.send(
          headerBlock(id, { ':status': '200', ...(contentType && { 'content-type': contentType }) }, false),
          data(id, message({ n: 1 })),
          trailers(id, OK),
        );
        expect(await ending, shape).to.deep.equal({});
        expect(values).to.deep.equal([{ n: 1 }]);
      }
      await livesOn();
    });
  }

  it('of gRPC, but a page in the body: INTERNAL with the first bytes of the page', async () => {
    const { peer, call, livesOn } = await bad.run();
    for (const contentType of [undefined, 'application/grpc', 'application/grpc+proto']) {
      const { id, ending } = await call('bidi');
      peer.send(
        headerBlock(id, { ':status': '200', ...(contentType && { 'content-type': contentType }) }, false),
        data(id, Buffer.from(page), true),
      );
      expect((await ending).error).to.include({
        code: Code.INTERNAL,
        details: 'the received data is not a gRPC message, whose first byte is 0 or 1: it begins with "<html"',
      });
    }
    await livesOn();
  });

  itGivesBackTheMemory();
});
