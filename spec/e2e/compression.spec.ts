import { once } from 'node:events';
import { gunzipSync, inflateSync } from 'node:zlib';
import { Client, type ClientOptions, credentials as grpcCredentials } from '@grpc/grpc-js';
import { expect } from 'chai';
import { filter, firstValueFrom, of } from 'rxjs';
import {
  type CallOptions,
  type ClientMiddleware,
  type Compression,
  type ConnectOptions,
  connect,
  pull,
  state$,
} from '../../lib/index.ts';
import { callOf, inAllShapes, type LabClient, useBench } from '../support/bench.ts';
import { Lab, type Note, type Shape, shapes } from '../support/lab.ts';
import { rawCall } from '../support/raw-call.ts';
import { type RawServer, rawServer } from '../support/raw-server.ts';
import { errorOf, record, thrownBy } from '../support/record.ts';

const note: Note = { n: 1, text: 'x'.repeat(1000) };
const compressions = ['identity', 'deflate', 'gzip'] as const;
const read: Record<Compression, (bytes: Buffer) => Buffer> = {
  identity: bytes => bytes,
  deflate: inflateSync,
  gzip: gunzipSync,
};
const ofChannel = (algorithm: number): ClientOptions => ({ 'grpc.default_compression_algorithm': algorithm });

describe('Compression', () => {
  const bench = useBench();

  async function wire(options?: ConnectOptions): Promise<{ readonly server: RawServer; readonly client: LabClient }> {
    const server = await rawServer();
    bench.onEnd(() => server.close());
    const client = connect(Lab, server.target, options);
    bench.onEnd(() => client[Symbol.dispose]());
    return { server, client };
  }

  /** The compression of the last call, checked against the bytes of its message. */
  async function seenOf(server: RawServer, client: LabClient, shape: Shape, options: CallOptions): Promise<string> {
    expect((await record(callOf(client, shape, of(note), options)).ending).error).to.equal(undefined);
    const { headers, frames } = server.requests.at(-1)!;
    const encoding = (headers['grpc-encoding'] ?? 'identity') as Compression;
    for (const { compressed, bytes } of frames) {
      expect(compressed).to.equal(encoding !== 'identity');
      expect(JSON.parse(read[encoding](bytes).toString())).to.deep.equal(note);
    }
    expect(frames).to.have.lengthOf(1);
    return encoding;
  }

  for (const shape of shapes) {
    it(`is the call's option, else the client's, else none: ${shape}`, async () => {
      for (const ofClient of [undefined, ...compressions]) {
        const { server, client } = await wire({ compression: ofClient });
        for (const ofCall of [undefined, ...compressions]) {
          const seen = await seenOf(server, client, shape, { compression: ofCall });
          expect(seen, `${ofClient} ${ofCall}`).to.equal(ofCall ?? ofClient ?? 'identity');
        }
      }
    });
  }

  it('may come from the channel options; the more specific option takes precedence', async () => {
    const { server, client } = await wire({ channelOptions: ofChannel(2) });
    expect(await seenOf(server, client, 'unary', {})).to.equal('gzip');
    expect(await seenOf(server, client, 'unary', { compression: 'identity' })).to.equal('identity');
    const other = await wire({ channelOptions: ofChannel(2), compression: 'deflate' });
    expect(await seenOf(other.server, other.client, 'unary', {})).to.equal('deflate');
  });

  it('may be set by middleware', async () => {
    const gzip: ClientMiddleware = rpc => (request$, options) => rpc(request$, { ...options, compression: 'gzip' });
    const { server, client } = await wire({ middleware: [gzip] });
    expect(await seenOf(server, client, 'bidi', {})).to.equal('gzip');
  });

  it('opens one connection per compression, and two when streamed and single requests use it', async () => {
    const { server, client } = await wire();
    const counts: number[] = [];
    for (const [shape, compression] of [
      ['unary', undefined],
      ['serverStream', 'identity'],
      ['unary', 'gzip'],
      ['serverStream', 'gzip'],
      ['unary', 'deflate'],
      ['bidi', 'gzip'],
      ['clientStream', 'gzip'],
      ['clientStream', undefined],
      ['bidi', 'identity'],
    ] as const) {
      await seenOf(server, client, shape, { compression });
      counts.push(server.connections);
    }
    expect(counts).to.deep.equal([1, 1, 2, 2, 3, 4, 4, 5, 5]);
  });

  it('of the client selects the connection that state$ opens', async () => {
    const { server, client } = await wire({ compression: 'gzip' });
    await firstValueFrom(state$(client, { connect: true }).pipe(filter(state => state === 'READY')));
    expect(await seenOf(server, client, 'unary', {})).to.equal('gzip');
    expect(server.connections).to.equal(1);
  });

  it('that does not exist is a TypeError that lists the supported ones', () => {
    const message = /compression to be one of identity, deflate, gzip, got string "zstd"/;
    for (const compression of ['zstd'] as never[]) {
      expect(() => connect(Lab, 'http://127.0.0.1:1', { compression })).to.throw(TypeError, message);
      expect(() => connect(Lab, 'http://127.0.0.1:1').unary(note, { compression })).to.throw(TypeError, message);
    }
  });

  it('is refused over a grpc-js Client or Channel, which its owner configured', async () => {
    const { server } = await wire();
    const grpc = new Client(`127.0.0.1:${server.port}`, grpcCredentials.createInsecure(), ofChannel(1));
    bench.onEnd(() => grpc.close());
    for (const target of [grpc, grpc.getChannel()]) {
      const client = connect(Lab, target);
      expect(await seenOf(server, client, 'unary', {})).to.equal('deflate');
      const error = await errorOf(client.unary(note, { compression: 'gzip' }));
      expect(error).to.be.instanceOf(TypeError);
      expect(error.message).to.match(/compression belongs to a channel.*grpc\.default_compression_algorithm/);
      expect(thrownBy(() => connect(Lab, target, { compression: 'gzip' })).message).to.match(
        /compression is for a conn/,
      );
    }
  });

  for (const compression of ['gzip', 'deflate'] as const) {
    it(`of a large upload reaches our server complete and in order, as do the responses: ${compression}`, async () => {
      const { client } = await bench.run(inAllShapes(request$ => request$));
      const notes = Array.from({ length: 300 }, (_, n) => ({ n, text: String(n).repeat(20_000) }));
      const { values, ending } = record(client.bidi(pull(notes), { compression }));
      expect((await ending).error).to.equal(undefined);
      expect(values).to.deep.equal(notes);
    });
  }

  it('is never applied by our server, whatever its caller accepts', async () => {
    const { server } = await bench.run(inAllShapes(request$ => request$));
    const call = rawCall(server, '/lab.Lab/Unary', { 'grpc-accept-encoding': 'identity,deflate,gzip' });
    bench.onEnd(() => call.close());
    const response = once(call.stream, 'response');
    call.send(note);
    expect((await call.finish()).notes).to.deep.equal([note]);
    const [headers] = await response;
    expect(headers['grpc-encoding'] ?? 'identity').to.equal('identity');
  });
});
