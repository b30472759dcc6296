import { expect } from 'chai';
import { of } from 'rxjs';
import { writesProtobuf } from '../../lib/core/method.ts';
import { useBadClient } from '../faults/bad-client.ts';
import { inAllShapes } from '../support/bench.ts';
import { Lab, type Note, shapes } from '../support/lab.ts';
import { message } from './raw-peer.ts';

const note: Note = { n: 1 };

/** The lab service, as if its messages were protobuf. */
const Protobuf = Object.fromEntries(
  Object.entries(Lab).map(([name, method]) => [
    name,
    { ...method, responseSerialize: writesProtobuf((value: Note) => method.responseSerialize(value)) },
  ]),
) as typeof Lab;

describe('A server', () => {
  const bad = useBadClient();

  const run = async (service: typeof Lab = Protobuf) => {
    let handlers = 0;
    const implementation = inAllShapes(() => {
      handlers++;
      return of(note);
    });
    const victim = await bad.run({ service, implementation });
    const call = async (shape: (typeof shapes)[number], headers: Record<string, string>, body = message(note)) => {
      const { stream, answer } = victim.call(shape, headers);
      stream.end(body);
      const { headers: response, trailers, bytes } = await answer;
      return { http: response[':status'], headers: response, grpc: trailers['grpc-status'], trailers, bytes };
    };
    return { call, handlers: () => handlers };
  };

  for (const shape of shapes) {
    it(`refuses HTTP methods other than POST with HTTP 405: ${shape}`, async () => {
      const { call, handlers } = await run();
      for (const verb of ['DELETE', 'PUT', 'PATCH', 'post']) {
        const { http, grpc, headers } = await call(shape, { ':method': verb });
        expect([http, grpc, headers['allow']], verb).to.deep.equal([405, '13', 'POST']);
      }
      expect(handlers()).to.equal(0);
    });

    it(`refuses content types other than application/grpc and +proto with HTTP 415: ${shape}`, async () => {
      const { call, handlers } = await run();
      for (const type of [
        'application/grpc+foo',
        'application/grpc+json',
        'application/grpc+',
        'application/grpc+proto3',
        'application/grpc-web',
        'application/grpc-web+proto',
        'application/grpcx',
        'application/json',
      ]) {
        const { http, bytes } = await call(shape, { 'content-type': type });
        expect([http, bytes.length], type).to.deep.equal([415, 0]);
      }
      expect(handlers()).to.equal(0);
    });

    it(`refuses an unknown compression with UNIMPLEMENTED, and lists the supported ones: ${shape}`, async () => {
      const { call, handlers } = await run();
      for (const encoding of ['foo', 'zstd', 'GZIP', 'gzip, gzip']) {
        const { http, grpc, headers } = await call(shape, { 'grpc-encoding': encoding });
        expect([http, grpc, headers['grpc-accept-encoding']], encoding).to.deep.equal([
          200,
          '12',
          'identity,deflate,gzip',
        ]);
      }
      expect(handlers()).to.equal(0);
    });

    it(`accepts every request that gRPC permits: ${shape}`, async () => {
      const { call } = await run();
      for (const headers of [
        {},
        { 'content-type': 'application/grpc+proto' },
        { 'content-type': 'application/grpc;charset=utf-8' },
        { 'content-type': 'application/grpc+proto ; x=y' },
        { 'grpc-encoding': 'identity' },
        { 'grpc-encoding': 'gzip' },
        { 'grpc-encoding': 'deflate' },
      ]) {
        const { http, grpc, bytes } = await call(shape, headers);
        expect([http, grpc, bytes.equals(message(note))], JSON.stringify(headers)).to.deep.equal([200, '0', true]);
      }
    });
  }

  it('accepts any subtype for a method with its own functions, which may read any format', async () => {
    const { call } = await run(Lab);
    for (const type of ['application/grpc+json', 'application/grpc+foo', 'application/grpc+foo;x=y']) {
      expect((await call('unary', { 'content-type': type })).grpc, type).to.equal('0');
    }
    for (const type of ['application/grpc-web', 'application/grpcx', 'application/grpc+']) {
      expect((await call('unary', { 'content-type': type })).http, type).to.equal(415);
    }
  });

  it('refuses a header that is too long for a status, and quotes a part of it', async () => {
    const { call } = await run();
    const { http, trailers } = await call('unary', { 'grpc-encoding': `${'%ÿ'.repeat(8000)}` });
    expect(http).to.equal(200);
    expect(decodeURI(String(trailers['grpc-message']))).to.match(/got (%ÿ)+…$/);
  });
});
