import { expect } from 'chai';
import { of, retry } from 'rxjs';
import { ADJUSTED } from '../../lib/grpc-js/adjusted.ts';
import { beginsElsewhere } from '../../lib/grpc-js/begins-elsewhere.ts';
import type { PrivateParts, PrivateSubchannel } from '../../lib/grpc-js/private.ts';
import { callOf } from '../support/bench.ts';
import { type Note, shapes } from '../support/lab.ts';
import { record, thrownBy } from '../support/record.ts';
import { data, frame, message, type RawPeer, responseHeaders, trailers } from './raw-peer.ts';
import { usePeers } from './use-peers.ts';

const PUSH_PROMISE = 5;
const END_HEADERS = 4;
const note: Note = { n: 1 };

const breaks: readonly (readonly [how: string, run: (peer: RawPeer, id: number) => unknown])[] = [
  [
    'by a frame that no server may send',
    (peer, id) => peer.send(frame(PUSH_PROMISE, END_HEADERS, id, Buffer.alloc(4))),
  ],
  ['by the other side', peer => peer.connections[0]!.destroy()],
  ['by a reset of TCP', peer => peer.connections[0]!.resetAndDestroy()],
];

const serve = (peer: RawPeer, id: number): void =>
  peer.send(responseHeaders(id), data(id, message(note)), trailers(id, { 'grpc-status': '0' }));

describe('A call that is repeated as soon as its connection has broken (grpc-js)', () => {
  const peers = usePeers();

  for (const [how, run] of breaks) {
    it(`${how} starts on another connection, in every shape`, async () => {
      const { peer, client } = await peers.run();
      const calls = shapes.map(shape => record(callOf(client, shape, of(note)).pipe(retry(1))));
      const last = await peer.stream(shapes.length - 1);
      run(peer, last);
      for (let n = 0; n < shapes.length; n++) serve(peer, await peer.stream(shapes.length + n));
      for (const { ending, values } of calls) {
        expect(await ending).to.deep.equal({});
        expect(values).to.deep.equal([note]);
      }
      expect(peer.connections).to.have.lengthOf(2);
    });
  }
});

describe('The adjusted subchannel', () => {
  function adjusted(session: object, options: object) {
    const asked: unknown[] = [];
    const proto = {
      createCall: (...args: unknown[]) => asked.push(['createCall', ...args]),
    } as unknown as PrivateSubchannel;
    beginsElsewhere.apply({ subchannel: proto } as PrivateParts);
    const transport = { session, getOptions: () => options, handleDisconnect: () => asked.push(['handleDisconnect']) };
    return { asked, subchannel: Object.assign(Object.create(proto), { transport }) as PrivateSubchannel };
  }

  it('throws and drops a session that is closed or destroyed, and starts calls on every other one', () => {
    for (const closed of [false, true]) {
      for (const destroyed of [false, true]) {
        const { asked, subchannel } = adjusted({ closed, destroyed }, { [ADJUSTED]: 1 });
        if (closed || destroyed) {
          expect(thrownBy(() => subchannel.createCall(1, 2))).to.be.instanceOf(Error);
          expect(asked).to.deep.equal([['handleDisconnect']]);
        } else {
          subchannel.createCall(1, 2);
          expect(asked).to.deep.equal([['createCall', 1, 2]]);
        }
      }
    }
  });

  it('behaves as before for a foreign channel, and without a connection', () => {
    for (const options of [{}, { [ADJUSTED]: 0 }, { [ADJUSTED]: true }]) {
      const { asked, subchannel } = adjusted({ closed: true, destroyed: true }, options);
      subchannel.createCall(1);
      expect(asked).to.deep.equal([['createCall', 1]]);
    }
    const { asked, subchannel } = adjusted({}, { [ADJUSTED]: 1 });
    Object.assign(subchannel, { transport: null });
    subchannel.createCall(1);
    expect(asked).to.deep.equal([['createCall', 1]]);
  });
});
