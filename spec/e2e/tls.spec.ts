import { credentials as grpcCredentials, ServerCredentials } from '@grpc/grpc-js';
import { expect } from 'chai';
import { firstValueFrom, lastValueFrom, throwError } from 'rxjs';
import {
  Code,
  type ConnectOptions,
  close,
  connect,
  implement,
  isRpcError,
  RpcError,
  type ServeOptions,
  serve,
} from '../../lib/index.ts';
import { Lab } from '../support/lab.ts';
import { ca, expiredCert, otherNameCert, signedCert, tls } from '../support/tls.ts';

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
  it('is TLS with the given key and certificate', async () => {
    const answer = await ask('https://127.0.0.1:0', { tls }, httpsTo, { tls: { ca: tls.cert } });
    expect(answer).to.deep.equal({ n: 7 });
  });

  it('is refused by a client that does not trust the certificate', async () => {
    const error = await ask('https://127.0.0.1:0', { tls }, httpsTo, {}).catch(e => e);
    expect(isRpcError(error, Code.UNAVAILABLE), String(error)).to.equal(true);
  });

  it('accepts grpc-js credentials on both sides', async () => {
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

  it('requires client certificates when ca is given', async () => {
    const serverTls = { ...tls, ca: tls.cert };
    const shown = { tls: { ca: tls.cert, key: tls.key, cert: tls.cert } };
    expect(await ask('https://127.0.0.1:0', { tls: serverTls }, httpsTo, shown)).to.deep.equal({ n: 7 });
    const error = await ask('https://127.0.0.1:0', { tls: serverTls }, httpsTo, { tls: { ca: tls.cert } }).catch(
      e => e,
    );
    expect(isRpcError(error, Code.UNAVAILABLE), String(error)).to.equal(true);
  });
});

describe('A connection that TLS refuses', () => {
  const trusting = { tls: { ca: tls.cert } };
  const serverOf = (cert: string, ca?: string): ServeOptions => ({ tls: { key: tls.key, cert, ca } });
  const cases: readonly [why: string, server: ServeOptions, client: ConnectOptions, says: RegExp, hint: RegExp][] = [
    [
      'a certificate of an authority that is not trusted',
      serverOf(signedCert),
      trusting,
      /first certificate/,
      /tls\.ca/,
    ],
    ['a self-signed certificate that is not trusted', serverOf(tls.cert), { tls: { ca } }, /self-signed/, /tls\.ca/],
    ['no ca', serverOf(tls.cert), {}, /self-signed/, /tls\.ca/],
    [
      'a certificate that has expired',
      serverOf(expiredCert),
      { tls: { ca: expiredCert } },
      /has expired/,
      /serve\(\)'s tls\.cert.*clock/,
    ],
    [
      'a certificate of another name',
      serverOf(otherNameCert),
      { tls: { ca: otherNameCert } },
      /other\.example/,
      /address.*grpc\.ssl_target_name_override/,
    ],
    [
      'a missing client certificate',
      serverOf(tls.cert, ca),
      trusting,
      /certificate required/,
      /tls\.key and tls\.cert/,
    ],
    [
      'a certificate that the server does not trust',
      serverOf(tls.cert, ca),
      { tls: { ca: tls.cert, ...tls } },
      /Failed to connect|unknown ca|bad certificate/,
      /tls\.cert/,
    ],
  ];
  for (const [why, server, client, says, hint] of cases) {
    it(`names the option to check: ${why}`, async () => {
      const error = await ask('https://127.0.0.1:0', server, httpsTo, client).catch(e => e);
      expect(isRpcError(error, Code.UNAVAILABLE), String(error)).to.equal(true);
      expect(error.details).to.match(says).and.match(hint).and.not.include('Resolution note');
    });
  }

  it('names the address to check: TLS to a plaintext server, and the reverse', async () => {
    const toPlain = await ask('http://127.0.0.1:0', {}, httpsTo, {}).catch(e => e);
    expect(toPlain.details).to.match(/speaks no TLS: look at the address, http:\/\//);
    const toTls = await ask('https://127.0.0.1:0', { tls }, port => `http://localhost:${port}`, {}).catch(e => e);
    expect(toTls.details).to.match(/If it speaks TLS, write https:\/\//);
  });

  it('suggests the name in the certificate as the one that was meant', async () => {
    const channelOptions = { 'grpc.ssl_target_name_override': 'other.example' };
    const options = { tls: { ca: otherNameCert }, channelOptions };
    expect(await ask('https://127.0.0.1:0', serverOf(otherNameCert), httpsTo, options)).to.deep.equal({ n: 7 });
  });

  it('leaves the status text of a server unchanged', async () => {
    const details = 'No connection established. Last error: Error: self-signed certificate. Resolution note: ';
    const failing = implement.partial(Lab, { unary: () => throwError(() => new RpcError(Code.UNAVAILABLE, details)) });
    const server = await serve('http://127.0.0.1:0', failing);
    const client = connect(Lab, server.target);
    const error = await lastValueFrom(client.unary({ n: 1 })).catch(e => e);
    close(client);
    await server.shutdown({ graceMs: 0 });
    expect(error.details).to.equal(details);
  });
});

describe('An address', () => {
  it('without a scheme requires credentials, and the error says so', async () => {
    expect(() => connect(Lab, '127.0.0.1:3000')).to.throw(TypeError, /http:\/\/ \(plaintext\) or https:\/\//);
    const error = await serve('127.0.0.1:0', echo).catch(e => e);
    expect(error).to.be.instanceOf(TypeError);
    expect(error.message).to.match(/http:\/\/ \(plaintext\) or https:\/\//);
  });

  it('with a plaintext scheme refuses tls and credentials', async () => {
    expect(() => connect(Lab, 'http://127.0.0.1:1', { tls: {} })).to.throw(TypeError, /says plaintext/);
    const credentials = grpcCredentials.createInsecure();
    expect(() => connect(Lab, 'http://127.0.0.1:1', { credentials })).to.throw(TypeError, /says plaintext/);
    expect(await serve('http://127.0.0.1:0', echo, { tls }).catch(e => e)).to.be.instanceOf(TypeError);
  });

  it('may be any grpc-js target', async () => {
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
