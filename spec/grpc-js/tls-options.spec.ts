import { createPrivateKey, X509Certificate } from 'node:crypto';
import { expect } from 'chai';
import { close, connect, implement, serve } from '../../lib/index.ts';
import { Lab } from '../support/lab.ts';
import { rejectionOf, thrownBy } from '../support/record.ts';
import { ca, otherKey, signedCert, tls } from '../support/tls.ts';

const { key, cert } = tls;
const der = new X509Certificate(cert).raw;
const encrypted = createPrivateKey(key).export({
  type: 'pkcs8',
  format: 'pem',
  cipher: 'aes-256-cbc',
  passphrase: 's3cret',
}) as string;
const broken = cert.replace(/\n[A-Za-z0-9+/]{10}/, '\nAAAAAAAAAA');

/** Invalid options, and the error message of each. */
const refused: readonly [name: string, tls: object, message: RegExp][] = [
  [
    'a path as ca',
    { ca: './ca.pem', key, cert },
    /: tls\.ca holds no certificate in PEM; if it is a path, .*readFileSync/,
  ],
  ['DER as ca', { ca: der, key, cert }, /: tls\.ca holds no certificate in PEM; it is DER: convert it/],
  ['a key as ca', { ca: key, key, cert }, /: tls\.ca holds no certificate in PEM, but a private key$/],
  ['nothing as ca', { ca: '', key, cert }, /: tls\.ca holds no certificate in PEM; it is empty$/],
  ['a broken ca', { ca: broken, key, cert }, /: tls\.ca holds a certificate that cannot be read$/],
  ['a number as ca', { ca: 5, key, cert }, /: tls\.ca: expected PEM, as a string or its bytes, got number "5"$/],
  ['no PEM as cert', { key, cert: 'x' }, /: tls\.cert holds no certificate in PEM/],
  ['no PEM as key', { key: 'x', cert }, /: tls\.key holds no private key in PEM/],
  [
    'cert and key the wrong way round',
    { key: cert, cert: key },
    /: tls\.cert holds no certificate in PEM, but a private key$/,
  ],
  ['a certificate as key', { key: cert, cert }, /: tls\.key holds no private key in PEM, but a certificate$/],
  ['an encrypted key', { key: encrypted, cert }, /: tls\.key is encrypted: decrypt it first/],
  ['a key that is cut off', { key: key.slice(0, 90), cert }, /: tls\.key holds a private key that cannot be read$/],
  ['the key of another certificate', { key: otherKey, cert }, /: tls\.key is not the private key of tls\.cert/],
  ['a key without cert', { key }, /: tls\.key is given without tls\.cert/],
  ['a cert without key', { cert }, /: tls\.cert is given without tls\.key/],
];

const bytes = (pem: string): Uint8Array => new Uint8Array(Buffer.from(pem));

describe('tls of connect()', () => {
  for (const [name, given, message] of refused) {
    it(`is refused at once with the name of the option: ${name}`, () => {
      const error = thrownBy(() =>
        connect(Lab, 'https://localhost:1', { tls: given as object })
          .unary({ n: 1 })
          .subscribe(),
      );
      expect(error).to.be.instanceOf(TypeError);
      expect(error.message)
        .to.match(/^connect: /)
        .and.match(message);
      expect(error.message).to.not.include(key.split('\n')[1]!);
    });
  }

  it('accepts PEM as text and as bytes, and several certificates in one', () => {
    for (const given of [
      {},
      { ca },
      { ca: bytes(ca) },
      { ca: `# ours\n${ca}\n${cert}\n`, key: bytes(key), cert: bytes(`${signedCert}\n${ca}`) },
      { ca: `${broken}\n${cert}` },
    ]) {
      close(connect(Lab, 'https://localhost:1', { tls: given }));
    }
  });
});

describe('tls of serve()', () => {
  const echo = implement.partial(Lab, {});
  for (const [name, given, message] of [...refused, ['nothing', {}, /expected tls to have key and cert$/] as const]) {
    it(`is refused at once with the name of the option: ${name}`, async () => {
      const error = (await rejectionOf(serve('https://127.0.0.1:0', echo, { tls: given as typeof tls }))) as Error;
      expect(error).to.be.instanceOf(TypeError);
      expect(error.message)
        .to.match(/^serve: /)
        .and.match(message);
    });
  }
});
