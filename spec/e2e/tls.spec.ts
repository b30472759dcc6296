import { credentials as grpcCredentials, ServerCredentials } from '@grpc/grpc-js';
import { expect } from 'chai';
import { firstValueFrom, lastValueFrom } from 'rxjs';
import { close } from '../../lib/client/client.ts';
import { type ConnectOptions, connect } from '../../lib/client/connect.ts';
import { implement } from '../../lib/server/implement.ts';
import { type ServeOptions, serve } from '../../lib/server/serve.ts';
import { Code, isRpcError } from '../../lib/status.ts';
import { Lab } from '../support/lab.ts';
import { tls } from '../support/tls.ts';

const echo = implement.partial(Lab, { unary: request$ => request$ });

async function ask(address: string, serveOptions: ServeOptions, to: (port: number) => string, options: ConnectOptions) {
  const server = await serve(address, echo, serveOptions);
  const client = connect(Lab, to(server.port), options);
  try {
    return await lastValueFrom(client.unary({ n: 7 }, { timeoutMs: 5000 }));
  } finally {
    close(client);
    await server.shutdown({ graceMs: 0 });
  }
}

const httpsTo = (port: number): string => `https://localhost:${port}`;

describe('https://', () => {
  it('is TLS with the key and certificate that are given', async () => {
    const answer = await ask('https://127.0.0.1:0', { tls }, httpsTo, { tls: { ca: tls.cert } });
    expect(answer).to.deep.equal({ n: 7 });
  });

  it('is refused by a client that does not trust the certificate', async () => {
    const error = await ask('https://127.0.0.1:0', { tls }, httpsTo, {}).catch(e => e);
    expect(isRpcError(error, Code.UNAVAILABLE), String(error)).to.equal(true);
  });

  it('takes credentials of grpc-js on both sides', async () => {
    const pair = { private_key: Buffer.from(tls.key), cert_chain: Buffer.from(tls.cert) };
    const credentials = ServerCredentials.createSsl(null, [pair], false);
    const trusting = grpcCredentials.createSsl(Buffer.from(tls.cert));
    expect(await ask('https://127.0.0.1:0', { credentials }, httpsTo, { credentials: trusting })).to.deep.equal({
      n: 7,
    });
    expect(
      await ask('127.0.0.1:0', { credentials }, port => `localhost:${port}`, { credentials: trusting }),
    ).to.deep.equal({ n: 7 });
  });

  it('asks clients for a certificate where ca is given', async () => {
    const serverTls = { ...tls, ca: tls.cert };
    const shown = { tls: { ca: tls.cert, key: tls.key, cert: tls.cert } };
    expect(await ask('https://127.0.0.1:0', { tls: serverTls }, httpsTo, shown)).to.deep.equal({ n: 7 });
    const error = await ask('https://127.0.0.1:0', { tls: serverTls }, httpsTo, { tls: { ca: tls.cert } }).catch(
      e => e,
    );
    expect(isRpcError(error, Code.UNAVAILABLE), String(error)).to.equal(true);
  });
});

describe('an address', () => {
  it('without a scheme needs credentials, and the error says so', async () => {
    expect(() => connect(Lab, '127.0.0.1:3000')).to.throw(TypeError, /http:\/\/ \(plaintext\) or https:\/\//);
    const error = await serve('127.0.0.1:0', echo).catch(e => e);
    expect(error).to.be.instanceOf(TypeError);
    expect(error.message).to.match(/http:\/\/ \(plaintext\) or https:\/\//);
  });

  it('that says plaintext does not go with tls or credentials', async () => {
    expect(() => connect(Lab, 'http://127.0.0.1:1', { tls: {} })).to.throw(TypeError, /says plaintext/);
    const credentials = grpcCredentials.createInsecure();
    expect(() => connect(Lab, 'http://127.0.0.1:1', { credentials })).to.throw(TypeError, /says plaintext/);
    expect(await serve('http://127.0.0.1:0', echo, { tls }).catch(e => e)).to.be.instanceOf(TypeError);
  });

  it('may be any target of grpc-js', async () => {
    const server = await serve('127.0.0.1:0', echo, { credentials: ServerCredentials.createInsecure() });
    expect(server.target).to.equal(`127.0.0.1:${server.port}`);
    for (const target of [`dns:///localhost:${server.port}`, `ipv4:127.0.0.1:${server.port}`]) {
      const client = connect(Lab, target, { credentials: grpcCredentials.createInsecure() });
      expect(await firstValueFrom(client.unary({ n: 1 }))).to.deep.equal({ n: 1 });
      close(client);
    }
    await server.shutdown({ graceMs: 0 });
  });

  it('may be a Unix domain socket', async () => {
    if (process.platform === 'win32') return;
    const path = `${(await import('node:os')).tmpdir()}/rx-grpc-${process.pid}.sock`;
    const server = await serve(`unix:${path}`, echo, { credentials: ServerCredentials.createInsecure() });
    const client = connect(Lab, server.target, { credentials: grpcCredentials.createInsecure() });
    expect(await firstValueFrom(client.unary({ n: 2 }))).to.deep.equal({ n: 2 });
    close(client);
    await server.shutdown({ graceMs: 0 });
  });
});
