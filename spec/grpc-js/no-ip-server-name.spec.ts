import type { TLSSocket } from 'node:tls';
import { credentials as grpcCredentials, ServerCredentials } from '@grpc/grpc-js';
import { expect } from 'chai';
import { lastValueFrom } from 'rxjs';
import { Code, type ConnectOptions, close, connect, implement, isRpcError, serve } from '../../lib/index.ts';
import { Lab } from '../support/lab.ts';
import { otherNameCert, tls } from '../support/tls.ts';
import { warningsOf } from '../support/warnings.ts';

const echo = implement.partial(Lab, { unary: request$ => request$ });

/** The outcome of a call to this host, and the server names that the server received. */
async function ask(host: string, options: ConnectOptions, cert = tls.cert) {
  const names: unknown[] = [];
  const pair = { private_key: Buffer.from(tls.key), cert_chain: Buffer.from(cert) };
  const server = await serve('https://127.0.0.1:0', echo, { credentials: ServerCredentials.createSsl(null, [pair]) });
  const listening = (server.grpc as any).http2Servers as Map<
    { on(event: string, then: (socket: TLSSocket) => void): void },
    unknown
  >;
  for (const http2 of listening.keys()) http2.on('secureConnection', socket => names.push(socket.servername));
  const client = connect(Lab, `https://${host}:${server.port}`, options);
  try {
    const answer = await lastValueFrom(client.unary({ n: 1 }, { timeoutMs: 5000 })).catch(error => error);
    return { answer, names };
  } finally {
    close(client);
    await server.shutdown({ graceMs: 0 });
  }
}

const trusting = { tls: { ca: tls.cert } };

describe('https:// with an IP address', () => {
  for (const [how, options] of Object.entries<ConnectOptions>({
    tls: trusting,
    'credentials of grpc-js': { credentials: grpcCredentials.createSsl(Buffer.from(tls.cert)) },
  })) {
    it(`sends no server name, and causes no Node warning: ${how}`, async () => {
      const warnings = await warningsOf(async () => {
        expect(await ask('127.0.0.1', options)).to.deep.equal({ answer: { n: 1 }, names: [false] });
      });
      expect(warnings).to.deep.equal([]);
    });
  }

  it('is refused when the certificate lacks that address', async () => {
    const { answer } = await ask('127.0.0.1', { tls: { ca: otherNameCert } }, otherNameCert);
    expect(isRpcError(answer, Code.UNAVAILABLE)).to.equal(true);
    expect(answer.details).to.match(/IP: 127\.0\.0\.1 is not in the cert's list/);
  });

  it('sends the configured server name', async () => {
    const channelOptions = { 'grpc.ssl_target_name_override': 'localhost' };
    expect(await ask('127.0.0.1', { ...trusting, channelOptions })).to.deep.equal({
      answer: { n: 1 },
      names: ['localhost'],
    });
  });

  it('leaves given credentials unchanged', async () => {
    const credentials = grpcCredentials.createSsl(Buffer.from(tls.cert));
    const own = Reflect.ownKeys(credentials);
    await ask('127.0.0.1', { credentials });
    expect(Reflect.ownKeys(credentials)).to.deep.equal(own);
  });
});

describe('https:// with a host name', () => {
  it('sends it as the server name', async () => {
    expect(await ask('localhost', trusting)).to.deep.equal({ answer: { n: 1 }, names: ['localhost'] });
  });
});
