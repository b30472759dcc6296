import { once } from 'node:events';
import {
  Client,
  credentials,
  Server as GrpcServer,
  type Metadata,
  ServerCredentials,
  type ServerDuplexStream,
} from '@grpc/grpc-js';
import { expect } from 'chai';
import { endWith, ignoreElements, NEVER, Observable, of, tap } from 'rxjs';
import { TRUNCATED } from '../../lib/call/message-channel.ts';
import type { Server } from '../../lib/index.ts';
import { mergeMap } from '../../lib/operators.ts';
import { callOf, inAllShapes, streaming, useBench } from '../support/bench.ts';
import { deferred } from '../support/deferred.ts';
import { Lab, type Note, type Shape, shapes } from '../support/lab.ts';
import { rawCall } from '../support/raw-call.ts';
import { record } from '../support/record.ts';
import { CANCEL, data, message, type RawPeer, responseHeaders, trailers } from './raw-peer.ts';
import { usePeers } from './use-peers.ts';

const whole = message({ n: 1 });
const OK = { 'grpc-status': '0', 'x-trailer': 't' };

/** Where a message may be truncated. */
const cuts: readonly [where: string, bytes: Buffer][] = [
  ['in its header', whole.subarray(0, 1)],
  ['in its length', whole.subarray(0, 3)],
  ['before its first byte', whole.subarray(0, 5)],
  ['in its middle', whole.subarray(0, 8)],
  ['before its last byte', whole.subarray(0, whole.length - 1)],
];

describe('A response that ends inside a message', () => {
  const peers = usePeers();

  const answer = (peer: RawPeer, stream: number, bytes: Buffer, fields: Record<string, string>): void =>
    peer.send(responseHeaders(stream), data(stream, bytes), trailers(stream, fields));

  for (const [where, cut] of cuts) {
    for (const shape of shapes) {
      it(`ends the call with INTERNAL, ${where}: ${shape}`, async () => {
        const { peer, client } = await peers.run();
        const { values, ending } = record(callOf(client, shape, of({ n: 1 })));
        const before = streaming(shape).responses ? [whole, whole, whole] : [];
        answer(peer, await peer.stream(0), Buffer.concat([...before, cut]), OK);
        expect((await ending).error).to.include({ code: 13, details: TRUNCATED });
        expect(values).to.have.lengthOf(before.length);
      });
    }

    it(`keeps its status if that is an error: ${where}`, async () => {
      const { peer, client } = await peers.run();
      const { ending } = record(client.bidi(NEVER));
      answer(peer, await peer.stream(0), cut, { 'grpc-status': '5', 'grpc-message': 'no such user' });
      expect((await ending).error).to.include({ code: 5, details: 'no such user' });
    });

    it(`is still OK for a plain grpc-js client: ${where}`, async () => {
      const { peer } = await peers.run();
      const client = new Client(peer.target.replace('http://', ''), credentials.createInsecure());
      peers.onEnd(() => client.close());
      const { path, requestSerialize, responseDeserialize } = Lab.serverStream;
      const call = client.makeServerStreamRequest(path, requestSerialize, responseDeserialize, { n: 1 });
      call.resume();
      answer(peer, await peer.stream(0), Buffer.concat([whole, cut]), OK);
      const [status] = await once(call, 'status');
      expect(status.code).to.equal(0);
    });
  }

  it('keeps its trailers', async () => {
    const { peer, client } = await peers.run();
    const told = deferred<Metadata>();
    const { ending } = record(client.bidi(NEVER, { onTrailers: told.resolve }));
    answer(peer, await peer.stream(0), whole.subarray(0, 8), OK);
    expect(((await ending).error as any).metadata.get('x-trailer')).to.deep.equal(['t']);
    expect((await told.promise).get('x-trailer')).to.deep.equal(['t']);
  });

  it('is not confused with one that ends between two messages, or after an empty one', async () => {
    const { peer, client } = await peers.run();
    const { values, ending } = record(client.bidi(NEVER));
    answer(peer, await peer.stream(0), Buffer.concat([whole, whole]), OK);
    expect([await ending, values.length]).to.deep.equal([{}, 2]);
    const empty = record(client.bidi(NEVER));
    answer(peer, await peer.stream(1), message(Buffer.alloc(0)), OK);
    expect((await empty.ending).error).to.include({ details: 'a response cannot be decoded' }); // not JSON, but a message
  });

  it('needs the patch: without it the call ends with OK', async () => {
    const seenBy = async (adjust: 'on' | 'off'): Promise<unknown> => {
      const { peer } = await peers.run();
      const said = peers.inChild(adjust, 'readSlowly', peer.target);
      answer(peer, await peer.stream(0), Buffer.concat([whole, whole.subarray(0, 8)]), OK);
      return said;
    };
    expect(await Promise.all([seenBy('on'), seenBy('off')])).to.deep.equal([
      { responses: 1, end: 'INTERNAL' },
      { responses: 1, end: 'OK' },
    ]);
  });
});

describe('A request that ends inside a message', () => {
  const bench = useBench();

  const pathOf = (shape: Shape): string => Lab[shape].path;

  /** The status of a call that sends these bytes and its half-close. */
  async function statusOf(server: Server, shape: Shape, bytes: Buffer): Promise<string> {
    const call = rawCall(server, pathOf(shape));
    bench.onEnd(() => call.close());
    call.stream.write(bytes);
    const { trailers } = await call.finish();
    return `${trailers['grpc-status']} ${decodeURI(String(trailers['grpc-message']))}`;
  }

  /** How request$ ends for the handler. */
  const listening = (heard: unknown[]) =>
    inAllShapes(request$ => {
      request$.subscribe({
        next: ({ n }) => heard.push(n),
        error: ({ codeName, details }) => heard.push(`${codeName}: ${details}`),
        complete: () => heard.push('complete'),
      });
      return NEVER;
    });

  for (const [where, cut] of cuts) {
    for (const shape of shapes) {
      it(`ends the call with INTERNAL, after the messages before it, ${where}: ${shape}`, async () => {
        const heard: unknown[] = [];
        const { server } = await bench.run(listening(heard));
        const before = streaming(shape).requests ? [whole, whole, whole] : [];
        expect(await statusOf(server, shape, Buffer.concat([...before, cut]))).to.equal(`13 ${TRUNCATED}`);
        expect(heard).to.deep.equal([...before.map(() => 1), `INTERNAL: ${TRUNCATED}`]);
      });
    }

    it(`is still a normal end for a plain grpc-js service beside ours: ${where}`, async () => {
      await bench.run(listening([]));
      const heard: unknown[] = [];
      const server = new GrpcServer();
      bench.onEnd(() => server.forceShutdown());
      server.addService(Lab, {
        bidi: (call: ServerDuplexStream<Note, Note>) => {
          call.on('data', ({ n }) => heard.push(n));
          call.on('end', () => {
            heard.push('end');
            call.end();
          });
        },
      });
      const port = await new Promise<number>((resolve, reject) => {
        server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
          error ? reject(error) : resolve(bound),
        );
      });
      const target = { target: `http://127.0.0.1:${port}` } as Server;
      expect(await statusOf(target, 'bidi', Buffer.concat([whole, cut]))).to.match(/^0 /);
      expect(heard).to.deep.equal([1, 'end']);
    });
  }

  it('waits for a handler that processes the messages before it slowly', async () => {
    const taken: number[] = [];
    const { server } = await bench.run({
      bidi: request$ =>
        request$.pipe(
          mergeMap(async ({ n }) => {
            await new Promise(setImmediate);
            taken.push(n);
            return { n };
          }, 1),
        ),
    });
    const messages = Array.from({ length: 100 }, (_, n) => message({ n }));
    expect(await statusOf(server, 'bidi', Buffer.concat([...messages, whole.subarray(0, 8)]))).to.equal(`13 ${TRUNCATED}`);
    expect(taken).to.deep.equal([...Array(100).keys()]);
  }); // biome-ignore format: a line

  it('is not confused with one that ends between two', async () => {
    for (const shape of shapes) {
      const heard: unknown[] = [];
      const { server } = await bench.run(
        inAllShapes(request$ => {
          const end$ = request$.pipe(
            tap({ error: error => heard.push(error), complete: () => heard.push('complete') }),
          );
          return end$.pipe(ignoreElements(), endWith({ n: 5 }));
        }),
      );
      expect(await statusOf(server, shape, whole)).to.match(/^0 /);
      expect(heard).to.deep.equal(['complete']);
    }
  });

  it('does not affect a handler that does not read it', async () => {
    const { server } = await bench.run(inAllShapes(() => of({ n: 5 })));
    for (const shape of shapes) expect(await statusOf(server, shape, whole.subarray(0, 8))).to.match(/^0 /);
  });

  for (const half of ['at its boundary', 'inside a message'] as const) {
    it(`is CANCELLED for the handler when the call was half-closed, then cancelled, ${half}`, async () => {
      const heard: unknown[] = [];
      let started = deferred();
      let ended = deferred();
      const { server } = await bench.run({
        bidi: request$ => {
          started.resolve();
          return new Observable(() => {
            request$.subscribe({
              error: ({ codeName }) => {
                heard.push(codeName);
                ended.resolve();
              },
              complete: () => {
                heard.push('complete');
                ended.resolve();
              },
            });
          });
        },
      });
      for (let i = 0; i < 200; i++) {
        [started, ended] = [deferred(), deferred()];
        const call = rawCall(server, pathOf('bidi'));
        call.stream.write(half === 'inside a message' ? Buffer.concat([whole, whole.subarray(0, 8)]) : whole);
        await started.promise;
        call.stream.close(CANCEL); // Node's way: END_STREAM and RST_STREAM in one packet
        await ended.promise;
        call.close();
      }
      expect(new Set(heard)).to.deep.equal(new Set(['CANCELLED']));
    });
  }
});
