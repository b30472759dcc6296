import {
  Client,
  compressionAlgorithms,
  credentials,
  type ServerInterceptingCall as InterceptedCall,
  InterceptingCall,
  ServerInterceptingCall,
} from '@grpc/grpc-js';
import { expect } from 'chai';
import { count, lastValueFrom, toArray } from 'rxjs';
import { adjustGrpcJs } from '../../lib/grpc-js/adjust.ts';
import { mayBatch } from '../../lib/grpc-js/batch.ts';
import { Batch } from '../../lib/grpc-js/batch-decoder.ts';
import { findPrivateParts, type PrivateParts } from '../../lib/grpc-js/private.ts';
import {
  type ConnectOptions,
  close,
  connect,
  implement,
  pull,
  type ServeOptions,
  serve,
  toAsyncIterable,
} from '../../lib/index.ts';
import { useBench } from '../support/bench.ts';
import { Blobs, blobs } from './blobs.ts';

const COUNT = 500;
/** The most deliveries that batched messages may take. */
const FEW = COUNT / 4;
const sent = blobs(Array(COUNT).fill(10));

let copies = 0;
/** A fresh copy of mayBatch, without the cached answer of this process. */
const freshMayBatch = async (): Promise<typeof mayBatch> =>
  (await import(`../../lib/grpc-js/batch.ts?copy=${++copies}`)).mayBatch;

/** Counts deliveries by grpc-js, of messages and of batches, until the end of the spec. */
function countHandedUp(onEnd: (undo: () => unknown) => void): { client: number; server: number } {
  adjustGrpcJs(); // else the patches would replace the counting methods
  const counts = { client: 0, server: 0 };
  const { clientCall, serverCall } = findPrivateParts()! as unknown as Record<string, Record<string, any>>;
  const count = (of: Record<string, any>, name: string, add: () => void): void => {
    const original = of[name];
    of[name] = function (this: unknown, ...args: unknown[]) {
      add();
      return original.apply(this, args);
    };
    onEnd(() => {
      of[name] = original;
    });
  };
  count(clientCall!, 'push', () => counts.client++);
  count(serverCall!, 'decompressMessage', () => counts.server++);
  return counts;
}

describe('Messages that arrive together', () => {
  const bench = useBench();

  async function run(server: ServeOptions = {}, client: ConnectOptions = {}) {
    const handedUp = countHandedUp(bench.onEnd);
    const serving = await serve(
      'http://127.0.0.1:0',
      implement.partial(Blobs, {
        download: () => pull(sent),
        upload: async request$ => Buffer.from(String(await lastValueFrom(request$.pipe(count())))),
        echo: request$ => request$,
      }),
      server,
    );
    bench.onEnd(() => serving.shutdown({ graceMs: 0 }));
    const blobsClient = connect(Blobs, serving.target, client);
    bench.onEnd(() => close(blobsClient));
    return { client: blobsClient, handedUp, target: serving.target };
  }

  /** The number of deliveries for 500 messages in each direction, after all have arrived. */
  async function handedUpWith(server?: ServeOptions, client?: ConnectOptions) {
    const { client: own, handedUp } = await run(server, client);
    expect(await lastValueFrom(own.download(Buffer.alloc(0)).pipe(toArray()))).to.deep.equal(sent);
    const ofClient = handedUp.client;
    handedUp.server = 0;
    expect(String(await lastValueFrom(own.upload(pull(sent))))).to.equal(String(COUNT));
    const ofServer = handedUp.server;
    expect(await lastValueFrom(own.echo(pull(sent)).pipe(toArray()))).to.deep.equal(sent);
    return { client: ofClient, server: ofServer };
  }

  it('are delivered together, on both sides', async () => {
    const { client, server } = await handedUpWith();
    expect(client).to.be.below(FEW);
    expect(server).to.be.below(FEW);
  });

  const interceptor = (options: any, next: any): InterceptingCall => new InterceptingCall(next(options));
  const serverInterceptor = (_: unknown, call: any): InterceptedCall => new ServerInterceptingCall(call);
  for (const [what, options] of [
    ['with channelz on', { 'grpc.enable_channelz': 1 }],
    ['with interceptors', { interceptors: [interceptor] }],
    ['without the patches', { 'rx-grpc.adjusted': 0 }],
  ] as const) {
    it(`are delivered one by one to a client ${what}`, async () => {
      expect((await handedUpWith({}, { channelOptions: options as object })).client).to.equal(COUNT);
    });
  }
  for (const [what, options] of [
    ['with channelz on', { 'grpc.enable_channelz': 1 }],
    ['with interceptors', { interceptors: [serverInterceptor] }],
  ] as const) {
    it(`are delivered one by one to a server ${what}`, async () => {
      expect((await handedUpWith({ serverOptions: options as object })).server).to.equal(COUNT);
    });
  }

  it('are delivered one by one when they are compressed', async () => {
    const { client: own, handedUp } = await run({}, { compression: 'gzip' });
    expect(String(await lastValueFrom(own.upload(pull(sent))))).to.equal(String(COUNT));
    expect(handedUp.server).to.equal(COUNT);
    expect(compressionAlgorithms.gzip).to.equal(2);
  });

  it('are delivered one by one to foreign calls on the same channel', async () => {
    const { handedUp, target } = await run();
    const client = new Client(target.replace('http://', ''), credentials.createInsecure(), {
      'rx-grpc.adjusted': 1,
      'grpc.enable_channelz': 0,
    });
    bench.onEnd(() => client.close());
    const identity = (bytes: Buffer): Buffer => bytes;
    const call = client.makeServerStreamRequest(Blobs.download.path, identity, identity, Buffer.alloc(0));
    const received: unknown[] = [];
    for await (const message of call) received.push(message);
    expect(received).to.deep.equal(sent);
    expect(handedUp.client).to.equal(COUNT);
  });

  it('are copied for a codec that is not of this library', async () => {
    const { client } = await run();
    const received = await lastValueFrom(client.download(Buffer.alloc(0)).pipe(toArray()));
    expect(received).to.deep.equal(sent);
    // A view would start after the prefix that follows the previous message.
    const views = received.filter((message, n) => {
      const before = received[n - 1];
      return message.buffer === before?.buffer && message.byteOffset === before.byteOffset + before.length + 5;
    });
    expect(views).to.deep.equal([]);
  });

  it('all arrive one by one at a slow reader', async () => {
    const { client } = await run();
    let received = 0;
    for await (const message of toAsyncIterable(client.download(Buffer.alloc(0)))) {
      expect(message).to.deep.equal(sent[received++]);
      await new Promise(setImmediate);
    }
    expect(received).to.equal(COUNT);
  });

  it('are dropped with a call that is cancelled while they wait', async () => {
    const { client } = await run();
    for (let n = 1; n < 20; n++) {
      let received = 0;
      for await (const _ of toAsyncIterable(client.download(Buffer.alloc(0)))) if (++received === n) break;
      expect(received).to.equal(n);
    }
  });
});

describe('mayBatch', () => {
  const noChannelz = { 'grpc.enable_channelz': 0 };
  const parts = findPrivateParts()!;

  it('is true when both sides of grpc-js accept a batch in place of a message', async () => {
    expect((await freshMayBatch())(noChannelz)).to.equal(true);
  });

  it('is false with channelz, and for xDS targets, whose filters inspect messages', () => {
    expect(mayBatch({})).to.equal(false);
    expect(mayBatch({ 'grpc.enable_channelz': 1 })).to.equal(false);
    expect(mayBatch(noChannelz, 'xds:///users')).to.equal(false);
    expect(mayBatch(noChannelz, 'dns:users:50051')).to.equal(true);
  });

  const client = (readMessage: (frame: any) => Promise<unknown>): PrivateParts => ({
    ...parts,
    compressionFilter: class {
      readonly receiveCompression = { readMessage };
    } as unknown as PrivateParts['compressionFilter'],
  });
  const server = (decompressMessage: (frame: any) => unknown): PrivateParts => ({
    ...parts,
    serverCall: Object.assign(Object.create(parts.serverCall), { decompressMessage }),
  });
  for (const [how, unfit] of Object.entries<PrivateParts | undefined>({
    'private parts are missing': undefined,
    'a client removes the prefix in another way': client(async frame => frame.subarray(5)),
    'a client reads other bytes': client(async frame => (frame.readUInt8(4) === 0 ? frame.slice(5) : frame)),
    'a client reads a frame later': client(async frame => {
      await undefined;
      return frame.readUInt8(0) === 0 && frame.slice(5);
    }),
    'a server copies a message': server(frame => Buffer.from(frame)),
    'a server hands up a promise': server(async frame => frame.subarray(5)),
  })) {
    it(`is false when ${how}`, async () => {
      expect((await freshMayBatch())(noChannelz, '', () => unfit)).to.equal(false);
    });
  }

  it('exposes no batch to other code', () => {
    expect(new Batch(Buffer.alloc(10), 0, 10, 2)).to.not.be.instanceOf(Uint8Array);
  });
});
