import { once } from 'node:events';
import {
  Client,
  type ClientDuplexStream,
  credentials,
  Server as GrpcServer,
  ServerCredentials,
  type ServerDuplexStream,
  type StatusObject,
} from '@grpc/grpc-js';
import { expect } from 'chai';
import { implement } from '../../lib/index.ts';
import { deferred } from '../support/deferred.ts';
import { Lab, type Note } from '../support/lab.ts';
import { settled } from '../support/settled.ts';
import { rawClient } from './raw-client.ts';
import {
  CANCEL,
  DATA,
  data,
  endings,
  message,
  NO_ERROR,
  type RawPeer,
  reset,
  responseHeaders,
  trailers,
  trailersOnly,
} from './raw-peer.ts';
import { usePeers } from './use-peers.ts';

/** Each spec states a fault of grpc-js 1.14 that the patches repair for our calls. */
describe('A call of plain grpc-js in the same process is unaffected', () => {
  const peers = usePeers();
  const note: Note = { n: 1 };

  before(() => {
    implement.partial(Lab, {}); // applies the patches
  });

  async function plainBidi(window?: number): Promise<{
    readonly peer: RawPeer;
    readonly call: ClientDuplexStream<Note, Note>;
    readonly stream: number;
  }> {
    const { peer } = await peers.run(window === undefined ? {} : { window });
    const client = new Client(peer.target.replace('http://', ''), credentials.createInsecure());
    peers.onEnd(() => client.close());
    const { path, requestSerialize, responseDeserialize } = Lab.bidi;
    const call = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize);
    call.on('error', () => {});
    peers.onEnd(() => call.cancel());
    return { peer, call, stream: await peer.stream(0) };
  }

  /** An 'error' event precedes it. */
  const statusOf = (call: ClientDuplexStream<Note, Note>): Promise<StatusObject> =>
    new Promise(resolve => {
      call.on('status', resolve);
    });

  it('when it is cancelled: it is half-closed, then reset', async () => {
    const { peer, call, stream } = await plainBidi();
    call.cancel();
    await peer.seen(() => endings(peer.frames(stream)).length === 2);
    expect(endings(peer.frames(stream))).to.deep.equal(['END_STREAM', `RST_STREAM ${CANCEL}`]);
  });

  it('when an error follows unread messages: the error overtakes them', async () => {
    const { peer, call, stream } = await plainBidi();
    const frames = Array.from({ length: 100 }, (_, n) => data(stream, message({ n })));
    call.read(0);
    peer.send(responseHeaders(stream), ...frames, trailers(stream, { 'grpc-status': '5' }));
    const status = await statusOf(call);
    expect(status.code).to.equal(5);
  });

  it('when the connection is lost after OK and unread messages: UNAVAILABLE', async () => {
    const { peer, call, stream } = await plainBidi();
    const frames = Array.from({ length: 100 }, (_, n) => data(stream, message({ n })));
    call.read(0);
    peer.send(responseHeaders(stream), ...frames, trailers(stream, { 'grpc-status': '0' }));
    peer.connections[0]!.end();
    const status = await statusOf(call);
    expect(status.code).to.equal(14);
  });

  it('when the response ends without a status: the call stays open', async () => {
    const { peer, call, stream } = await plainBidi();
    let hasEnded = false;
    call.on('status', () => {
      hasEnded = true;
    });
    call.resume();
    peer.send(responseHeaders(stream), data(stream, message(note), true));
    await once(call, 'data');
    await settled(() => 0);
    expect(hasEnded).to.equal(false);
  });

  it('when a status arrives and the server stops reading: the stream stays open', async () => {
    const { peer, call, stream } = await plainBidi(1000);
    call.write({ n: 1, text: 'x'.repeat(100_000) });
    call.resume();
    await peer.seen(({ type }) => type === DATA);
    peer.send(trailersOnly(stream, { 'grpc-status': '5' }));
    await statusOf(call);
    await settled(() => peer.frames().length);
    expect(endings(peer.frames(stream))).to.deep.equal([]);
  });

  it('on a server whose client resets with NO_ERROR: it is not notified', async () => {
    const started = deferred<ServerDuplexStream<Note, Note>>();
    const server = new GrpcServer();
    peers.onEnd(() => server.forceShutdown());
    server.addService(Lab, { bidi: started.resolve });
    const port = await new Promise<number>((resolve, reject) => {
      server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
        error ? reject(error) : resolve(bound),
      );
    });
    const client = await rawClient(port, 'Bidi');
    peers.onEnd(() => client.socket.destroy());
    client.send(data(1, message(note)));
    const call = await started.promise;
    call.on('error', () => {});
    client.send(reset(1, NO_ERROR));
    await settled(() => 0);
    expect(call.cancelled).to.equal(false);
  });
});
