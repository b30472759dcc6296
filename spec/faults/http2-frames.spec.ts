import { expect } from 'chai';
import { Code } from '../../lib/index.ts';
import { DATA, data, frame, HEADERS, headerBlock, isEndOfStream, message, RST_STREAM } from '../grpc-js/raw-peer.ts';
import { shapes } from '../support/lab.ts';
import { useBadClient } from './bad-client.ts';
import { connectionFaults, KEEPALIVE } from './connection-faults.ts';
import { itGivesBackTheMemory } from './memory.ts';
import { requestHeaders } from './raw-client.ts';

const PRIORITY = 2;
const ALTSVC = 10;
const PADDED = 8;
const PROTOCOL_ERROR = 1;

describe('HTTP/2 frames from a client', () => {
  const bad = useBadClient();

  it('that are connection errors end its calls with CANCELLED, by keepalive at the latest', async () => {
    const { connect, handler, livesOn } = await bad.run({ serve: { serverOptions: KEEPALIVE } });
    const isClosed: Promise<void>[] = [];
    for (const [n, [what, frames]] of Object.entries(connectionFaults).entries()) {
      const { open, send, closed } = connect();
      const id = open('bidi');
      const { ending, over, call, received } = await handler(n);
      send(data(id, message({ n: 1 })));
      await received(1);
      send(...frames(id));
      const look = async () => {
        expect((await ending).error, what).to.include({ code: Code.CANCELLED });
        expect(call.signal.aborted, what).to.equal(true);
        await Promise.all([over, closed]);
      };
      isClosed.push(look());
    }
    await Promise.all(isClosed);
    await livesOn();
  });

  const streamFaults: Readonly<Record<string, (id: number) => readonly Buffer[]>> = {
    'HEADERS a second time': id => [headerBlock(id, requestHeaders('bidi'), false)],
    'trailers that do not end the stream': id => [headerBlock(id, { 'x-a': 'b' }, false)],
    'trailers with a pseudo header': id => [headerBlock(id, { ':path': '/' }, true)],
  };
  for (const [what, frames] of Object.entries(streamFaults)) {
    it(`${what}: the stream is reset, its call CANCELLED, and other calls continue`, async () => {
      const { connect, handler, livesOn } = await bad.run();
      const { open, send, seen } = connect();
      const other = open('bidi');
      const { ending: otherEnding } = await handler(0);
      const id = open('bidi');
      const { ending, over } = await handler(1);
      send(...frames(id));
      expect((await ending).error).to.include({ code: Code.CANCELLED });
      await over;
      const answer = await seen(({ type, stream }) => type === RST_STREAM && stream === id);
      expect(answer?.payload.readUInt32BE()).to.equal(PROTOCOL_ERROR);
      send(data(other, message({ n: 1 }), true));
      expect(await otherEnding).to.deep.equal({});
      await livesOn();
    });
  }

  const { ':path': _path, ...withoutPath } = requestHeaders('bidi');
  const requests: Readonly<Record<string, Readonly<Record<string, string>>>> = {
    'without :path': withoutPath,
    'with an empty :path': { ...withoutPath, ':path': '' },
    'with an invalid :path': { ...withoutPath, ':path': 'lab.Lab/Bidi' },
    'with a header of HTTP/1': { ...requestHeaders('bidi'), connection: 'close' },
    'with a name in capitals': { ...requestHeaders('bidi'), 'X-A': 'b' },
    'with another te': { ...requestHeaders('bidi'), te: 'gzip' },
    'with an unknown pseudo header': { ':odd': 'x', ...requestHeaders('bidi') },
  };
  for (const [what, fields] of Object.entries(requests)) {
    it(`a request ${what}: the stream is reset, and no handler is called`, async () => {
      const { connect, handled, livesOn } = await bad.run();
      const { send, seen } = connect();
      send(headerBlock(1, fields, false));
      const answer = await seen(({ type, stream }) => type === RST_STREAM && stream === 1);
      expect(answer?.payload.readUInt32BE()).to.equal(PROTOCOL_ERROR);
      expect(handled).to.deep.equal([]);
      await livesOn();
    });
  }

  it('without a meaning change nothing: unknown types and flags, PRIORITY, padding, empty DATA', async () => {
    const { connect, handler, livesOn } = await bad.run();
    for (const [n, shape] of shapes.entries()) {
      const { open, send, seen } = connect();
      const id = open(shape);
      send(
        frame(0xee, 0xff, id, Buffer.alloc(100)),
        frame(0xee, 0xff, 0, Buffer.alloc(100)),
        frame(PRIORITY, 0xff, id, Buffer.from([0, 0, 0, 0, 5])),
        frame(ALTSVC, 0, id, Buffer.alloc(5)),
        data(id, Buffer.alloc(0)),
        frame(DATA, PADDED, id, Buffer.concat([Buffer.from([3]), message({ n: 1 }), Buffer.alloc(3)])),
        frame(DATA, 0xf6, id, Buffer.alloc(0)),
        data(id, Buffer.alloc(0), true),
      );
      const { values, ending } = await handler(n);
      expect(await ending, shape).to.deep.equal({});
      expect(values).to.deep.equal([{ n: 1 }]);
      await seen(frame => frame.type === HEADERS && isEndOfStream(frame));
    }
    await livesOn();
  });

  itGivesBackTheMemory();
});
