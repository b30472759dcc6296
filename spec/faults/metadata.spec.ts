import { logVerbosity, type Metadata, setLogVerbosity } from '@grpc/grpc-js';
import { expect } from 'chai';
import { Code } from '../../lib/index.ts';
import { data, message, responseHeaders, trailers } from '../grpc-js/raw-peer.ts';
import { type Note, shapes } from '../support/lab.ts';
import { useBadClient } from './bad-client.ts';
import { useBadServer } from './bad-server.ts';
import { itGivesBackTheMemory } from './memory.ts';
import { OK } from './points.ts';

const note: Note = { n: 1 };

/** Node's lenient base64 decoding: it skips invalid characters. */
const base64: Readonly<Record<string, readonly number[][]>> = {
  'AAE=': [[0, 1]],
  AAE: [[0, 1]],
  '_-8': [[255, 239]],
  'A*A*E': [[0, 1]],
  A: [[]],
  '!!?': [[]],
  '': [[]],
  'AAE=,Ag==': [[0, 1], [2]],
  'AAE=, ,': [[0, 1], [], []],
};

const binaryOf = (metadata: Metadata): number[][] => metadata.get('x-bin').map(value => [...(value as Buffer)]);

describe('Metadata of a request', () => {
  const bad = useBadClient();

  for (const [given, bytes] of Object.entries(base64)) {
    it(`"${given}" is decoded from base64 as ${JSON.stringify(bytes)}`, async () => {
      const { call, handler, livesOn } = await bad.run();
      const { stream, answer } = call('unary', { 'x-bin': given });
      stream.end(message(note));
      expect(binaryOf((await handler(0)).call.metadata)).to.deep.equal(bytes);
      expect((await answer).trailers).to.include({ 'grpc-status': '0' });
      await livesOn();
    });
  }

  it('with non-ASCII text loses that value, and fields of a response in it have no effect', async () => {
    const { call, handler, livesOn } = await bad.run();
    setLogVerbosity(logVerbosity.NONE); // grpc-js warns about each
    const { stream, answer } = call('unary', { 'x-a': 'caf\u00e9', 'grpc-status': '5', 'grpc-message': 'z' });
    stream.end(message(note));
    expect((await handler(0)).call.metadata.get('x-a')).to.deep.equal([]);
    setLogVerbosity(logVerbosity.ERROR);
    expect((await answer).trailers).to.include({ 'grpc-status': '0' });
    await livesOn();
  });

  for (const timeout of ['', 'x', '1', 'S', '1s', '1 second', '-10S', '1.50S', '10 S', '10Sx', '123456789S']) {
    it(`with grpc-timeout: ${timeout || '""'} ends the call with INTERNAL, and no handler is called`, async () => {
      const { call, handled, livesOn } = await bad.run();
      for (const shape of shapes) {
        const { stream, answer } = call(shape, { 'grpc-timeout': timeout });
        stream.write(message(note));
        const status = (await answer).trailers;
        expect(status, shape).to.include({ 'grpc-status': `${Code.INTERNAL}` });
        expect(handled).to.deep.equal([]);
        stream.close();
      }
      await livesOn();
    });
  }

  const HOUR_MS = 60 * 60 * 1000;
  const timeouts: Readonly<Record<string, number>> = {
    '10S': 10_000,
    '10000m': 10_000,
    '1123456S': 1_123_456_000,
    '20123456H': 20_123_456 * HOUR_MS,
    '24H': 24 * HOUR_MS,
    '2147483S': 2_147_483_000,
    '2147484S': 2_147_484_000,
    '720H': 720 * HOUR_MS,
  };
  for (const [timeout, ms] of Object.entries(timeouts)) {
    it(`with grpc-timeout: ${timeout} sets a deadline in ${ms} ms`, async () => {
      const { call, handler, livesOn } = await bad.run();
      const earliest = Date.now() + ms;
      const { stream, answer } = call('bidi', { 'grpc-timeout': timeout });
      stream.write(message(note));
      const { call: serverCall, ending, over } = await handler(0);
      expect(serverCall.deadline?.getTime()).to.be.within(earliest, Date.now() + ms);
      stream.end();
      expect((await answer).trailers).to.include({ 'grpc-status': '0' });
      expect((await ending).error).to.equal(undefined);
      await over;
      stream.close();
      await livesOn();
    });
  }

  itGivesBackTheMemory();
});

describe('Metadata of a response', () => {
  const bad = useBadServer();

  for (const [given, bytes] of Object.entries(base64)) {
    it(`"${given}" is decoded from base64 as ${JSON.stringify(bytes)}, in headers and trailers`, async () => {
      const { peer, call, livesOn } = await bad.run();
      for (const shape of shapes) {
        const seen: number[][][] = [];
        const { id, ending } = await call(shape, {
          onHeaders: headers => seen.push(binaryOf(headers)),
          onTrailers: metadata => seen.push(binaryOf(metadata)),
        });
        const binary = { 'x-bin': given };
        peer.send(responseHeaders(id, binary), data(id, message(note)), trailers(id, { ...OK, ...binary }));
        expect(await ending).to.deep.equal({});
        expect(seen, shape).to.deep.equal([bytes, bytes]);
      }
      await livesOn();
    });
  }

  itGivesBackTheMemory();
});
