import { expect } from 'chai';
import { Code } from '../../lib/index.ts';
import { DATA, data, frame, message, responseHeaders, windowUpdate } from '../grpc-js/raw-peer.ts';
import { shapes } from '../support/lab.ts';
import { useBadServer } from './bad-server.ts';
import { connectionFaults, KEEPALIVE } from './connection-faults.ts';
import { itGivesBackTheMemory } from './memory.ts';
import { wholeResponse } from './points.ts';

const PRIORITY = 2;
const PUSH_PROMISE = 5;
const ORIGIN = 12;
const PADDED = 8;
const END_HEADERS = 4;
const MAX_WINDOW = 2 ** 31 - 1;

describe('HTTP/2 frames from a server', () => {
  const bad = useBadServer();

  it('that are connection errors end its calls, by keepalive at the latest, and the next call uses a new connection', async () => {
    const more: typeof connectionFaults = {
      ...connectionFaults,
      'a pushed stream': id => [frame(PUSH_PROMISE, END_HEADERS, id, Buffer.alloc(4))],
      'a stream started by the server': () => [responseHeaders(2)],
      'messages before the headers': id => [data(id, message({ n: 1 }))],
      'a window of 0 more': id => [windowUpdate(id, 0)],
      'a window of a stream beyond its maximum': id => [windowUpdate(id, MAX_WINDOW), windowUpdate(id, MAX_WINDOW)],
      'messages behind the end': id => [...wholeResponse(id), data(id, message({ n: 2 }))],
    };
    const looks = Object.entries(more).map(async ([what, frames]) => {
      const { peer, call, livesOn } = await bad.run({ channelOptions: KEEPALIVE });
      const { id, ending } = await call('bidi');
      const others = [await call('serverStream'), await call('clientStream')];
      peer.send(...frames(id));
      const isWhole = what === 'messages behind the end';
      if (isWhole) expect(await ending).to.deep.equal({});
      for (const cut of isWhole ? others : [{ ending }, ...others]) {
        const { error } = (await cut.ending) as { error?: any };
        // UNAVAILABLE by keepalive; when Node itself reports an error, grpc-js maps it to INTERNAL.
        expect([Code.INTERNAL, Code.UNAVAILABLE], `${what}: ${error}`).to.include(error?.code);
      }
      await livesOn();
      expect(peer.connections, what).to.have.lengthOf(2);
    });
    await Promise.all(looks);
  });

  it('without a meaning change nothing: unknown types and flags, PRIORITY, ORIGIN, padding, empty DATA', async () => {
    const { peer, call, livesOn } = await bad.run();
    for (const shape of shapes) {
      const { id, values, ending } = await call(shape);
      const [headers, , end] = wholeResponse(id);
      peer.send(
        frame(0xee, 0xff, id, Buffer.alloc(100)),
        frame(0xee, 0xff, 0, Buffer.alloc(100)),
        frame(PRIORITY, 0xff, id, Buffer.from([0, 0, 0, 0, 5])),
        frame(ORIGIN, 0, 0, Buffer.alloc(2)),
        headers!,
        data(id, Buffer.alloc(0)),
        frame(DATA, PADDED, id, Buffer.concat([Buffer.from([3]), message({ n: 1 }), Buffer.alloc(3)])),
        frame(DATA, 0xf6, id, Buffer.alloc(0)),
        end!,
      );
      expect(await ending, shape).to.deep.equal({});
      expect(values).to.deep.equal([{ n: 1 }]);
    }
    await livesOn();
  });

  itGivesBackTheMemory();
});
