import { expect } from 'chai';
import { Observable } from 'rxjs';
import { type CallOptions, close, connect, inspect } from '../../lib/index.ts';
import {
  data,
  frame,
  HEADERS,
  message,
  type RawPeer,
  type RawPeerOptions,
  rawPeer,
  responseHeaders,
  trailers,
} from '../grpc-js/raw-peer.ts';
import { callOf, type LabClient } from '../support/bench.ts';
import { Lab, type Note, type Shape } from '../support/lab.ts';
import { type Recording, record } from '../support/record.ts';
import { watch } from './memory.ts';
import { OK } from './points.ts';

/** An option that puts all shapes on one channel, and so on one connection. */
const ONE_CONNECTION = { 'grpc.per_rpc_retry_buffer_size': 4096 };

const PING = 6;
const ACK = 1;

/** One call of our client to the bad server. */
export interface VictimCall extends Recording<Note> {
  /** The number of its stream. */
  readonly id: number;
}

/** A raw server that breaks exactly the rules it is told to break, and our client. */
interface BadServer {
  readonly peer: RawPeer;
  readonly client: LabClient;
  /** A call whose HEADERS have arrived; its request$ has one value, and stays open where it is a stream. */
  call(shape: Shape, options?: CallOptions): Promise<VictimCall>;
  /** Starts this many calls at once. */
  callMany(shape: Shape, count: number): Promise<VictimCall[]>;
  /** The number of the next stream, on this connection or a later one. */
  nextStream(): Promise<number>;
  /** Answers the next stream correctly with the note. */
  serveNext(note: Note): Promise<void>;
  /** Resolves when the client has processed everything sent so far on the last connection. */
  taken(): Promise<void>;
  /** Expects that nothing of any call remains, and that the next call is served. */
  livesOn(): Promise<void>;
}

interface BadServerOptions {
  readonly peer?: RawPeerOptions;
  readonly service?: typeof Lab;
  readonly channelOptions?: object;
}

export interface BadServers {
  run(options?: BadServerOptions): Promise<BadServer>;
}

/** For a `describe`: bad servers that are closed after each of its specs. */
export function useBadServer(): BadServers {
  const toClose: (() => unknown)[] = [];
  afterEach(async () => {
    for (const end of toClose.splice(0).reverse()) await end();
  });
  return {
    async run({ peer: peerOptions, service = Lab, channelOptions = {} } = {}) {
      const peer = await rawPeer(peerOptions);
      toClose.push(() => peer.close());
      const client = connect(service, peer.target, { channelOptions: { ...ONE_CONNECTION, ...channelOptions } });
      toClose.push(() => close(client));
      return badServer(peer, client);
    },
  };
}

function badServer(peer: RawPeer, client: LabClient): BadServer {
  let streams = 0;
  let subscribed = 0;
  let pings = 0;
  const start = (shape: Shape, callOptions?: CallOptions): Recording<Note> =>
    record(
      callOf(
        client,
        shape,
        new Observable(subscriber => {
          watch(subscriber);
          subscribed++;
          subscriber.add(() => subscribed--);
          subscriber.next({ n: 0 });
          if (!Lab[shape].requestStream) subscriber.complete();
        }),
        callOptions,
      ),
    );
  const nextStream = () => peer.stream(streams++);
  const serveNext = async (note: Note) => {
    const id = await nextStream();
    peer.send(responseHeaders(id), data(id, message(note)), trailers(id, OK));
  };
  return {
    peer,
    client,
    nextStream,
    serveNext,
    async call(shape, callOptions) {
      const recording = start(shape, callOptions);
      return { ...recording, id: await nextStream() };
    },
    async callMany(shape, count) {
      const recordings = Array.from({ length: count }, () => start(shape));
      const ids: number[] = [];
      for (let looked = 0; ids.length < streams + count; ) {
        await new Promise(setImmediate); // peer.stream() would scan all of them for each new one
        const seen = peer.frames();
        for (; looked < seen.length; looked++) if (seen[looked]!.type === HEADERS) ids.push(seen[looked]!.stream);
      }
      ids.splice(0, streams);
      streams += count;
      return recordings.map((recording, i) => ({ ...recording, id: ids[i]! }));
    },
    async taken() {
      const payload = Buffer.alloc(8);
      payload.writeUInt32BE(++pings);
      peer.send(frame(PING, 0, 0, payload));
      await peer.seen(seen => seen.type === PING && seen.flags === ACK && seen.payload.equals(payload));
    },
    async livesOn() {
      expect(inspect(client).calls, 'live calls').to.deep.equal([]);
      expect(subscribed, 'request$ that are still subscribed').to.equal(0);
      // Streams that grpc-js retried and that no spec read.
      streams = peer.frames().filter(({ type }) => type === HEADERS).length;
      const { values, ending } = start('unary');
      await serveNext({ n: 99 });
      expect(await ending).to.deep.equal({});
      expect(values).to.deep.equal([{ n: 99 }]);
    },
  };
}
