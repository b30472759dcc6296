import { expect } from 'chai';
import { Code } from '../../lib/index.ts';
import { data, frame, headerBlock, message, responseHeaders, SETTINGS, trailers } from '../grpc-js/raw-peer.ts';
import { shapes } from '../support/lab.ts';
import { useBadServer, type VictimCall } from './bad-server.ts';
import { itGivesBackTheMemory } from './memory.ts';
import { OK } from './points.ts';
import { times } from './raw-client.ts';

const STREAMS = 2000;
const PING = 6;
const ping = frame(PING, 0, 0, Buffer.alloc(8));

describe('2,000 calls of a client on one connection', () => {
  const bad = useBadServer();

  it('are 2,000 concurrent streams, each call with its own end', async () => {
    const { peer, callMany, livesOn } = await bad.run();
    const calls: VictimCall[] = await callMany('unary', STREAMS);
    expect(peer.connections).to.have.lengthOf(1);
    peer.send(
      times(STREAMS, i => {
        const { id } = calls[i]!;
        return Buffer.concat([responseHeaders(id), data(id, message({ n: i })), trailers(id, OK)]);
      }),
    );
    const endings = await Promise.all(calls.map(({ ending }) => ending));
    expect(endings.filter(({ error }) => error !== undefined)).to.deep.equal([]);
    expect(calls.flatMap(({ values }) => values.map(({ n }) => n))).to.deep.equal([...Array(STREAMS).keys()]);
    await livesOn();
  });

  itGivesBackTheMemory();
});

const floods: readonly (readonly [what: string, bytes: (id: number) => Buffer])[] = [
  ['PING', () => times(100_000, () => ping)],
  ['SETTINGS', () => times(100_000, () => frame(SETTINGS, 0, 0))],
  ['DATA of no bytes', id => Buffer.concat([responseHeaders(id), times(50_000, () => data(id, Buffer.alloc(0)))])],
];

describe('A flood from a server', () => {
  const bad = useBadServer();

  for (const [what, bytes] of floods) {
    it(`of ${what} ends its connection and the calls on it, and the next call uses a new one`, async () => {
      const { peer, call, livesOn } = await bad.run();
      const calls: VictimCall[] = [];
      for (const shape of shapes) calls.push(await call(shape));
      peer.send(bytes(calls[0]!.id));
      for (const { ending, values } of calls) {
        expect((await ending).error).to.include({ code: Code.INTERNAL });
        expect(values).to.deep.equal([]);
      }
      await livesOn();
      expect(peer.connections).to.have.lengthOf(2);
    });
  }

  it('of early hints changes nothing', async () => {
    const { peer, call, livesOn } = await bad.run();
    for (const shape of shapes) {
      const { id, ending } = await call(shape);
      const hints = times(1000, () => headerBlock(id, { ':status': '103', link: 'x' }, false));
      peer.send(hints, responseHeaders(id), data(id, message({ n: 1 })), trailers(id, OK));
      expect(await ending).to.deep.equal({});
    }
    await livesOn();
  });

  it('of PING that waits for the answers gets them all, and the call continues', async () => {
    const { peer, call, taken, livesOn } = await bad.run();
    const { id, ending } = await call('bidi');
    const answers = () => peer.frames(0).filter(({ type, flags }) => type === PING && flags === 1).length;
    for (let i = 1; i <= 4; i++) {
      peer.send(times(500, () => ping));
      await taken();
      expect(answers()).to.equal(501 * i);
    }
    peer.send(responseHeaders(id), trailers(id, OK));
    expect(await ending).to.deep.equal({});
    await livesOn();
  });

  itGivesBackTheMemory();
});
