import { expect } from 'chai';
import { message } from '../grpc-js/raw-peer.ts';
import { shapes } from '../support/lab.ts';
import { useBadClient } from './bad-client.ts';

describe('Trailers of a request', () => {
  const bad = useBadClient();

  it('are a half-close like any other', async () => {
    const { call, handler, livesOn } = await bad.run();
    for (const [n, shape] of shapes.entries()) {
      const { stream, answer } = call(shape, {}, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '5', 'x-bin': '!!' }));
      stream.end(message({ n: 1 }));
      expect(await (await handler(n)).ending).to.deep.equal({});
      expect((await answer).trailers).to.include({ 'grpc-status': '0' });
    }
    await livesOn();
  });
});
