import { once } from 'node:events';
import http2 from 'node:http2';
import { mock } from 'node:test';
import { Client, credentials } from '@grpc/grpc-js';
import { expect } from 'chai';
import { NEVER } from 'rxjs';
import { connect, serve } from '../../lib/index.ts';
import { inAllShapes, useBench } from '../support/bench.ts';
import { Lab } from '../support/lab.ts';
import { errorOf, record, rejectionOf, thrownBy } from '../support/record.ts';
import { settled } from '../support/settled.ts';
import { PING, type RawPeer } from './raw-peer.ts';
import { usePeers } from './use-peers.ts';

const target = 'http://127.0.0.1:1';
const ACK = 1;

describe('keepalive', () => {
  const peers = usePeers();
  const bench = useBench();

  afterEach(() => mock.timers.reset());

  const pings = (peer: RawPeer): Promise<number> =>
    settled(() => peer.frames().filter(({ type, flags }) => type === PING && !(flags & ACK)).length);

  for (const [what, keepalive, timeMs] of [
    ['every 5 minutes', {}, 300_000],
    ['no more often than configured', { timeMs: 10_000 }, 10_000],
  ] as const) {
    it(`pings a server while a call runs, ${what}`, async () => {
      const { peer, client } = await peers.run({}, { keepalive });
      mock.timers.enable({ apis: ['setTimeout'] });
      record(client.bidi(NEVER));
      await peer.stream(0);
      mock.timers.tick(timeMs - 1);
      expect(await pings(peer)).to.equal(0);
      mock.timers.tick(1);
      expect(await pings(peer)).to.equal(1);
      mock.timers.tick(timeMs);
      expect(await pings(peer)).to.equal(2);
    });
  }

  it('ends the calls of a client with UNAVAILABLE when the answer does not arrive in time', async () => {
    const { peer, client } = await peers.run({ isDeaf: true }, { keepalive: { timeMs: 10_000, timeoutMs: 1000 } });
    mock.timers.enable({ apis: ['setTimeout'] });
    const ending = errorOf(client.bidi(NEVER));
    await peer.stream(0);
    mock.timers.tick(10_000);
    expect(await pings(peer)).to.equal(1);
    mock.timers.tick(1000);
    expect(await ending).to.include({ codeName: 'UNAVAILABLE' });
  });

  for (const [what, keepalive, timeMs] of [
    ['every minute', {}, 60_000],
    ['as often as configured', { timeMs: 1000 }, 1000],
  ] as const) {
    it(`pings a client ${what}`, async () => {
      mock.timers.enable({ apis: ['setTimeout'] });
      const { server } = await bench.run(
        inAllShapes(() => NEVER),
        { keepalive },
      );
      const session = http2.connect(server.target);
      bench.onEnd(() => session.destroy());
      let seen = 0;
      session.on('ping', () => seen++);
      await once(session, 'remoteSettings');
      mock.timers.tick(timeMs - 1);
      expect(await settled(() => seen)).to.equal(0);
      mock.timers.tick(1);
      expect(await settled(() => seen)).to.equal(1);
    });
  }

  it('is refused when it is too frequent or invalid', async () => {
    for (const [keepalive, message] of [
      [{ timeMs: 9999 }, /keepalive\.timeMs to be from 10000 to 2147483647 milliseconds, got number "9999"/],
      [{ timeMs: Number.NaN }, /keepalive\.timeMs/],
      [{ timeMs: Number.POSITIVE_INFINITY }, /keepalive\.timeMs/],
      [{ timeMs: '10000' }, /keepalive\.timeMs/],
      [{ timeoutMs: 999 }, /keepalive\.timeoutMs to be from 1000/],
      [{ withoutCalls: 1 }, /keepalive\.withoutCalls/],
      [{ time: 1 }, /connect: keepalive: there is no option "time"/],
      [true, /connect: keepalive: expected options to be a plain object, got boolean/],
    ] as const) {
      const error = thrownBy(() => connect(Lab, target, { keepalive: keepalive as never }));
      expect(error.message).to.match(message);
      expect([TypeError, RangeError]).to.include(error.constructor);
    }
    for (const keepalive of [{ timeMs: 999 }, { timeoutMs: 999 }, { withoutCalls: true }]) {
      const error = await rejectionOf(serve('http://127.0.0.1:0', [], { keepalive }));
      expect([TypeError, RangeError]).to.include(error.constructor);
    }
    connect(Lab, target, { keepalive: { timeMs: 10_000, timeoutMs: 1000, withoutCalls: true } });
  });

  it('is configured in one place only, and not for a grpc-js channel', async () => {
    for (const name of ['time_ms', 'timeout_ms', 'permit_without_calls'].map(of => `grpc.keepalive_${of}`)) {
      const error = thrownBy(() => connect(Lab, target, { keepalive: {}, channelOptions: { [name]: 1 } }));
      expect(error.message).to.equal(`connect: give keepalive or '${name}', not both`);
      const serverOptions = { [name]: 1 };
      const rejection = await rejectionOf(serve('http://127.0.0.1:0', [], { keepalive: {}, serverOptions }));
      expect(rejection.message).to.equal(`serve: give keepalive or '${name}', not both`);
    }
    const client = new Client('127.0.0.1:1', credentials.createInsecure());
    peers.onEnd(() => client.close());
    expect(thrownBy(() => connect(Lab, client, { keepalive: {} })).message).to.match(/keepalive is for a connection/);
  });
});
