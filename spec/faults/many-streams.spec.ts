import { expect } from 'chai';
import { inspect } from '../../lib/index.ts';
import { data, isEndOfStream, message, windowUpdate } from '../grpc-js/raw-peer.ts';
import { useBadClient } from './bad-client.ts';
import { itGivesBackTheMemory } from './memory.ts';
import { bidiHeaders, idOf, times } from './raw-client.ts';

const STREAMS = 10_000;
/** Messages that fit in the window of a connection, 64 KiB: Node 26 ends a connection that exceeds it. */
const AT_ONCE = 1000;
const MAX_STREAMS = { 'grpc.max_concurrent_streams': 100 };

describe('10,000 streams of one connection', () => {
  const bad = useBadClient();

  it('are 10,000 concurrent calls, each served to its end', async () => {
    const { server, handled, connect, handler, livesOn } = await bad.run();
    const { send, counted } = connect();
    send(windowUpdate(0, 2 ** 30), times(STREAMS, bidiHeaders));
    await handler(STREAMS - 1);
    expect(inspect(server).calls).to.have.lengthOf(STREAMS);
    for (let ended = 0; ended < STREAMS; ended += AT_ONCE) {
      send(times(AT_ONCE, i => data(idOf(ended + i), message({ n: ended + i }), true)));
      expect(await counted(ended + AT_ONCE, isEndOfStream)).to.equal(ended + AT_ONCE);
    }
    const endings = await Promise.all(handled.map(({ ending }) => ending));
    expect(endings.filter(({ error }) => error !== undefined)).to.deep.equal([]);
    expect(handled.flatMap(({ values }) => values.map(({ n }) => n))).to.deep.equal([...Array(STREAMS).keys()]);
    await livesOn();
  });

  it('run 100 at a time when the server limits them (grpc.max_concurrent_streams): the others wait', async () => {
    const { server, handled, call, handler, livesOn } = await bad.run({ serve: { serverOptions: MAX_STREAMS } });
    await livesOn(); // its SETTINGS have been read
    const calls = Array.from({ length: 500 }, () => call('bidi'));
    const mark = handled.length;
    await handler(mark + 99);
    let most = 0;
    for (const { stream, answer } of calls) {
      most = Math.max(most, inspect(server).calls.length);
      stream.end(message({ n: 1 }));
      expect((await answer).trailers).to.include({ 'grpc-status': '0' });
    }
    expect(handled).to.have.lengthOf(mark + 500);
    expect(most).to.equal(100);
    await livesOn();
  });

  it('end the connection of a client that ignores the limit', async () => {
    const { handled, connect, handler, livesOn } = await bad.run({ serve: { serverOptions: MAX_STREAMS } });
    const { send, closed, open } = connect();
    open('bidi');
    await handler(0); // the SETTINGS of the server have been acknowledged
    send(times(STREAMS, i => bidiHeaders(i + 1)));
    await closed;
    await livesOn();
    expect(handled).to.have.lengthOf(100 + 1);
  });

  itGivesBackTheMemory();
});
