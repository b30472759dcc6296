import { gunzipSync } from 'node:zlib';
import {
  Client,
  credentials,
  experimental,
  InterceptingCall,
  ServerCredentials,
  ServerInterceptingCall,
} from '@grpc/grpc-js';
import { expect } from 'chai';
import { lastValueFrom, toArray } from 'rxjs';
import { mayJoin } from '../../lib/grpc-js/join.ts';
import { findPrivateParts, type PrivateParts } from '../../lib/grpc-js/private.ts';
import {
  type CallOptions,
  type ConnectOptions,
  close,
  connect,
  implement,
  pull,
  type ServeOptions,
  serve,
} from '../../lib/index.ts';
import { useBench } from '../support/bench.ts';
import { Lab, type Note } from '../support/lab.ts';
import { rawServer } from '../support/raw-server.ts';
import { record, rejectionOf, thrownBy } from '../support/record.ts';
import { runChild } from '../support/run-child.ts';
import { Blobs, blobs } from './blobs.ts';
import { type CountedWrites, countWrites } from './count-writes.ts';

const COUNT = 500;
/** The most writes that joined messages may take. */
const FEW = COUNT / 4;
const noChannelz = { 'grpc.enable_channelz': 0 };

let copies = 0;
/** A fresh copy of mayJoin, without the cached answer of this process. */
const freshMayJoin = async (): Promise<typeof mayJoin> =>
  (await import(`../../lib/grpc-js/join.ts?copy=${++copies}`)).mayJoin;

describe('Joining of messages', () => {
  const bench = useBench();
  let writes: CountedWrites;

  beforeEach(() => {
    writes = countWrites();
    bench.onEnd(() => writes.stop());
  });

  /** The number of writes for 500 small messages, in either direction. */
  async function writesWith(
    { server: serveOptions, client: connectOptions }: { server?: ServeOptions; client?: ConnectOptions },
    callOptions?: CallOptions,
  ): Promise<{ client: number; server: number }> {
    const address = serveOptions?.credentials ? '127.0.0.1:0' : 'http://127.0.0.1:0';
    const download = () => pull(blobs(Array(COUNT).fill(10)));
    const server = await serve(
      address,
      implement.partial(Blobs, { download, echo: request$ => request$ }),
      serveOptions,
    );
    bench.onEnd(() => server.shutdown({ graceMs: 0 }));
    const client = connect(Blobs, `http://127.0.0.1:${server.port}`, connectOptions);
    bench.onEnd(() => close(client));
    writes.reset();
    const downloaded = await lastValueFrom(client.download(Buffer.alloc(0), callOptions).pipe(toArray()));
    expect(downloaded).to.deep.equal(blobs(Array(COUNT).fill(10)));
    const down = writes.server;
    writes.reset();
    const echoed = await lastValueFrom(client.echo(download(), callOptions).pipe(toArray()));
    expect(echoed).to.deep.equal(downloaded);
    return { client: writes.client, server: down };
  }

  const interceptor = (options: any, next: any): InterceptingCall => new InterceptingCall(next(options));
  const channelOptions = (given: object): ConnectOptions => ({ channelOptions: given });

  for (const [what, client, call] of [
    ['by default', {}],
    ['with coalesce: true', { coalesce: true }],
    ['with coalesce: undefined', { coalesce: undefined }],
    ['without compression', { compression: 'identity' }],
    ['in a call without compression', { compression: 'gzip' }, { compression: 'identity' }],
    ['without a size limit', channelOptions({ 'grpc.max_send_message_length': -1 })],
    ['with channelz off', channelOptions(noChannelz)],
    ['with an empty list of interceptors', channelOptions({ interceptors: [] })],
  ] as [string, ConnectOptions, CallOptions?][]) {
    it(`happens in a client ${what}`, async () => {
      expect((await writesWith({ client }, call)).client).to.be.below(FEW);
    });
  }

  for (const [what, client, call] of [
    ['with coalesce: false', { coalesce: false }],
    ['with gzip', { compression: 'gzip' }],
    ['with deflate', { compression: 'deflate' }],
    ['with the gzip of grpc-js', channelOptions({ 'grpc.default_compression_algorithm': 2 })],
    ['in a call with gzip', {}, { compression: 'gzip' }],
    ['with a size limit', channelOptions({ 'grpc.max_send_message_length': 1000 })],
    ['with channelz on', channelOptions({ 'grpc.enable_channelz': 1 })],
    ['with interceptors', channelOptions({ interceptors: [interceptor] })],
    ['with providers of interceptors', channelOptions({ interceptor_providers: [() => interceptor] })],
  ] as [string, ConnectOptions, CallOptions?][]) {
    it(`does not happen in a client ${what}`, async () => {
      const { client: taken, server } = await writesWith({ client }, call);
      expect(taken).to.equal(COUNT);
      expect(server, 'its server is another matter').to.be.below(FEW);
    });
  }

  for (const [what, server] of [
    ['by default', {}],
    ['with coalesce: true', { coalesce: true }],
    ['without a size limit', { serverOptions: { 'grpc.max_send_message_length': -1 } }],
    ['with channelz off', { serverOptions: noChannelz }],
    ['with an empty list of interceptors', { serverOptions: { interceptors: [] } }],
  ] as [string, ServeOptions][]) {
    it(`happens in a server ${what}`, async () => {
      expect((await writesWith({ server })).server).to.be.below(FEW);
    });
  }

  const serverInterceptor = (_: unknown, call: any): ServerInterceptingCall => new ServerInterceptingCall(call);
  const withInterceptor = experimental.createServerCredentialsWithInterceptors(ServerCredentials.createInsecure(), [
    serverInterceptor,
  ]);

  for (const [what, server] of [
    ['with coalesce: false', { coalesce: false }],
    ['with a size limit', { serverOptions: { 'grpc.max_send_message_length': 1000 } }],
    ['with channelz on', { serverOptions: { 'grpc.enable_channelz': 1 } }],
    ['with interceptors', { serverOptions: { interceptors: [serverInterceptor] } }],
    ['with credentials that have interceptors', { credentials: withInterceptor }],
  ] as [string, ServeOptions][]) {
    it(`does not happen in a server ${what}`, async () => {
      const { client, server: taken } = await writesWith({ server });
      expect(taken).to.equal(COUNT);
      expect(client, 'its client is another matter').to.be.below(FEW);
    });
  }

  it('does not happen over a foreign Client', async () => {
    const { server } = await bench.run({ bidi: request$ => request$ });
    const foreign = new Client(server.target.replace('http://', ''), credentials.createInsecure(), noChannelz);
    bench.onEnd(() => foreign.close());
    const client = connect(Lab, foreign);
    bench.onEnd(() => close(client));
    const notes = Array.from({ length: COUNT }, (_, n): Note => ({ n }));
    expect(await lastValueFrom(client.bidi(pull(notes)).pipe(toArray()))).to.deep.equal(notes);
    expect(writes.client).to.equal(COUNT);
  });

  it('leaves compressed messages separate', async () => {
    const raw = await rawServer();
    bench.onEnd(() => raw.close());
    const notes = Array.from({ length: 200 }, (_, n): Note => ({ n, text: 'x'.repeat(n) }));
    for (const [connectOptions, callOptions] of [
      [{ compression: 'gzip' }, {}],
      [{}, { compression: 'gzip' }],
    ] as [ConnectOptions, CallOptions][]) {
      const client = connect(Lab, raw.target, connectOptions);
      bench.onEnd(() => close(client));
      expect(await record(client.clientStream(pull(notes), callOptions)).ending).to.deep.equal({});
      const { frames } = raw.requests.at(-1)!;
      expect(frames.every(({ compressed }) => compressed)).to.equal(true);
      expect(frames.map(({ bytes }) => JSON.parse(String(gunzipSync(bytes))))).to.deep.equal(notes);
    }
  });

  it('is configured by coalesce, which must be true or false', async () => {
    for (const coalesce of [1, 'true', null, {}] as any[]) {
      const connecting = thrownBy(() => connect(Lab, 'http://127.0.0.1:1', { coalesce }));
      const serving = await rejectionOf(serve('http://127.0.0.1:0', implement.partial(Lab, {}), { coalesce }));
      for (const [of, error] of [
        ['connect', connecting],
        ['serve', serving],
      ]) {
        expect(error).to.be.instanceOf(TypeError);
        expect(error.message).to.match(new RegExp(`^${of}: expected coalesce to be true or false, got `));
      }
    }
  });
});

describe('mayJoin', () => {
  const parts = findPrivateParts()!;

  it('is true when both sides of grpc-js frame two joined messages as one message each', async () => {
    expect((await freshMayJoin())(noChannelz)).to.equal(true);
  });

  const { serverCall, compressionFilter } = parts;
  const framesOfClient = (writeMessage: unknown): PrivateParts => ({
    ...parts,
    compressionFilter: class {
      readonly sendCompression = { writeMessage };
    } as unknown as PrivateParts['compressionFilter'],
  });
  const framesOfServer = (serializeMessage: unknown): PrivateParts => ({
    ...parts,
    serverCall: Object.assign(Object.create(serverCall), { serializeMessage }),
  });
  const own = new compressionFilter({}, {}).sendCompression;
  for (const [how, unfit] of Object.entries<PrivateParts | undefined>({
    'private parts are missing': undefined,
    'a client frames a message later': framesOfClient(async (message: Buffer) => {
      await undefined;
      return own.writeMessage(message, false);
    }),
    'a client copies a message elsewhere': framesOfClient(async (message: Buffer) => {
      message.copy(Buffer.alloc(64), 9);
    }),
    'a client treats a message as a Buffer': framesOfClient(async (message: Buffer) => Buffer.concat([message])),
    'a client frames no message': framesOfClient(async () => {}),
    'a server copies a message elsewhere': framesOfServer((message: Buffer) => {
      const frame = Buffer.alloc(message.length + 6);
      message.copy(frame, 6);
      return frame;
    }),
    'a server treats a message as a Buffer': framesOfServer((message: Buffer) => Buffer.concat([message])),
    'a server has no such method': framesOfServer(undefined),
  })) {
    it(`is false when ${how}`, async () => {
      expect((await freshMayJoin())(noChannelz, () => unfit)).to.equal(false);
    });
  }

  it('inspects grpc-js once', async () => {
    const fresh = await freshMayJoin();
    let looked = 0;
    const find = () => {
      looked++;
      return parts;
    };
    for (let i = 0; i < 3; i++) expect(fresh(noChannelz, find)).to.equal(true);
    expect(looked).to.equal(1);
  });

  it('is true only without a size limit and with channelz off', () => {
    for (const limit of [undefined, -1]) {
      expect(mayJoin({ ...noChannelz, 'grpc.max_send_message_length': limit } as object)).to.equal(true);
    }
    for (const limit of [0, 1, 2 ** 31]) {
      expect(mayJoin({ ...noChannelz, 'grpc.max_send_message_length': limit })).to.equal(false);
    }
    for (const options of [{}, { 'grpc.enable_channelz': 1 }]) expect(mayJoin(options)).to.equal(false);
  });

  for (const [how, first, isJoining] of [
    ['as it is', '', true],
    ['with RX_GRPC_ADJUST=off', "process.env['RX_GRPC_ADJUST'] = 'off';", false],
    ['without private parts', 'mayJoin({}, () => undefined);', false],
  ] as const) {
    it(`decides for the whole process: ${how}`, async () => {
      const { stdout, stderr } = await runChild(`
        import { count, lastValueFrom, map, toArray } from 'rxjs';
        import { close } from 'lib/client/client.ts';
        import { connect } from 'lib/client/connect.ts';
        import { pull } from 'lib/backpressure/pull.ts';
        import { mayJoin } from 'lib/grpc-js/join.ts';
        import { implement } from 'lib/server/implement.ts';
        import { serve } from 'lib/server/serve.ts';
        import { Lab } from 'support/lab.ts';
        import { countWrites } from 'support/../grpc-js/count-writes.ts';
        ${first}
        const notes = Array.from({ length: ${COUNT} }, (_, n) => ({ n }));
        const server = await serve('http://127.0.0.1:0', implement.partial(Lab, {
          serverStream: () => pull(notes),
          clientStream: request$ => request$.pipe(count(), map(n => ({ n }))),
        }));
        const client = connect(Lab, server.target);
        const writes = countWrites();
        const down = await lastValueFrom(client.serverStream({ n: 1 }).pipe(toArray()));
        const written = writes.server;
        writes.reset();
        const up = await lastValueFrom(client.clientStream(pull(notes)));
        console.log(JSON.stringify({ down: down.length, up: up.n, server: written, client: writes.client }));
        close(client);
        await server.shutdown();
      `);
      const said = JSON.parse(stdout || '{}');
      expect([said.down, said.up], stderr).to.deep.equal([COUNT, COUNT]);
      for (const count of [said.server, said.client]) {
        if (isJoining) expect(count).to.be.below(FEW);
        else expect(count).to.equal(COUNT);
      }
    });
  }
});
