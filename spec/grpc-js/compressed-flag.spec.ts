import { gzipSync } from 'node:zlib';
import { expect } from 'chai';
import { useBadClient } from '../faults/bad-client.ts';
import { streaming } from '../support/bench.ts';
import { shapes } from '../support/lab.ts';
import { message } from './raw-peer.ts';

const json = Buffer.from(JSON.stringify({ n: 1 }));

function framed(flag: number, bytes = json): Buffer {
  const frame = message(bytes);
  frame[0] = flag;
  return frame;
}

describe('The compressed flag of a request', () => {
  const bad = useBadClient();

  for (const shape of shapes) {
    it(`that is set in a call without compression ends it with INTERNAL, and the request is not read: ${shape}`, async () => {
      const { call, handler, livesOn } = await bad.run();
      let n = 0;
      for (const headers of [{}, { 'grpc-encoding': 'identity' }]) {
        const { stream, answer } = call(shape, headers);
        stream.end(framed(1));
        const { trailers } = await answer;
        expect(trailers['grpc-status']).to.equal('13');
        expect(trailers['grpc-message']).to.match(/compressed/);
        expect((await handler(n++)).values).to.deep.equal([]);
      }
      await livesOn();
    });

    it(`with a value unknown to gRPC ends the call with INTERNAL: ${shape}`, async () => {
      const { call, livesOn } = await bad.run();
      for (const flag of [2, 127, 128, 255]) {
        for (const encoding of ['identity', 'gzip']) {
          const { stream, answer } = call(shape, { 'grpc-encoding': encoding });
          stream.end(framed(flag));
          expect((await answer).trailers['grpc-status'], `${flag} ${encoding}`).to.equal('13');
        }
      }
      await livesOn();
    });

    it(`applies to each message separately: ${shape}`, async () => {
      const { call, handler } = await bad.run();
      const { stream, answer } = call(shape, { 'grpc-encoding': 'gzip' });
      stream.end(
        streaming(shape).requests ? Buffer.concat([framed(0), framed(1, gzipSync(json))]) : framed(1, gzipSync(json)),
      );
      expect((await answer).trailers['grpc-status']).to.equal('0');
      expect((await handler(0)).values).to.deep.equal(streaming(shape).requests ? [{ n: 1 }, { n: 1 }] : [{ n: 1 }]);
    });
  }
});
