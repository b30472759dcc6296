import { networkInterfaces, tmpdir } from 'node:os';
import { ServerCredentials } from '@grpc/grpc-js';
import { expect } from 'chai';
import { firstValueFrom } from 'rxjs';
import { close, connect, implement, serve } from '../../lib/index.ts';
import { inAllShapes, useBench } from '../support/bench.ts';
import { Lab } from '../support/lab.ts';
import { rejectionOf } from '../support/record.ts';

const hasIPv6 = Object.values(networkInterfaces()).some(all => all?.some(({ address }) => address === '::1'));
const services = implement.partial(Lab, { unary: request$ => request$ });

describe('serve', () => {
  const bench = useBench();

  it('picks a free port for 0, and has an address for connect()', async () => {
    const server = await serve('http://127.0.0.1:0/', services);
    bench.onEnd(() => server.shutdown({ graceMs: 0 }));
    expect(server.target).to.equal(`http://127.0.0.1:${server.port}`);
    expect(await firstValueFrom(bench.connect(server).unary({ n: 1 }))).to.deep.equal({ n: 1 });
  });

  it('accepts a bare address with credentials, including IPv6 and Unix sockets', async () => {
    for (const [address, pattern] of [
      ['127.0.0.1:0', /^127\.0\.0\.1:\d+$/],
      ['[::1]:0', /^\[::1\]:\d+$/],
      [`unix:${tmpdir()}/rx-grpc-${process.pid}.sock`, /^unix:/],
    ] as const) {
      if (address.startsWith('[') && !hasIPv6) continue; // not every machine supports IPv6
      const server = await serve(address, services, { credentials: ServerCredentials.createInsecure() });
      bench.onEnd(() => server.shutdown({ graceMs: 0 }));
      expect(server.target).to.match(pattern);
    }
  });

  it('names an address in use, and leaves nothing running', async () => {
    const { server } = await bench.run(inAllShapes(request$ => request$));
    const error = await rejectionOf(serve(server.target, services));
    expect(error.message).to.match(new RegExp(`127\\.0\\.0\\.1:${server.port}.*EADDRINUSE`));
    const client = connect(Lab, server.target);
    expect(await firstValueFrom(client.unary({ n: 1 }))).to.deep.equal({ n: 1 });
    close(client);
  });

  it('refuses an invalid address, service or option, and names it', async () => {
    for (const [address, given, options, message] of [
      ['127.0.0.1:0', services, {}, /http:\/\/.*credentials/],
      ['https://127.0.0.1:0', services, {}, /tls: \{ key, cert \}/],
      ['http://127.0.0.1:99999', services, {}, /99999/],
      ['http://127.0.0.1:0/path', services, {}, /host and a port/],
      [undefined, services, {}, /address/],
      ['http://127.0.0.1:0', undefined, {}, /implement\(\)/],
      ['http://127.0.0.1:0', [services, {}], {}, /implement\(\)/],
      ['http://127.0.0.1:0', [services, services], {}, /./],
      ['http://127.0.0.1:0', services, null, /plain object/],
      ['http://127.0.0.1:0', services, { onErorr: () => {} }, /no option "onErorr"/],
      ['http://127.0.0.1:0', services, { onError: 'x' }, /onError/],
      ['http://127.0.0.1:0', services, { maxQueuedBytes: -1 }, /maxQueuedBytes/],
      ['http://127.0.0.1:0', services, { credentials: ServerCredentials.createInsecure() }, /plaintext/],
      ['127.0.0.1:0', services, { credentials: {} }, /ServerCredentials/],
      ['http://192.0.2.1:0', services, {}, /cannot listen on 192\.0\.2\.1:0/],
    ] as const) {
      const error = await rejectionOf(serve(address as string, given as never, options as never));
      expect(error).to.be.an.instanceOf(Error);
      expect(error.message).to.match(message);
    }
  });
});
