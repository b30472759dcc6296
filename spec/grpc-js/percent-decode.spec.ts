import { expect } from 'chai';
import fc from 'fast-check';
import { percentDecode } from '../../lib/grpc-js/percent-decode.ts';

describe('percentDecode', () => {
  const texts: Readonly<Record<string, string>> = {
    'nothing at all': 'nothing at all',
    'a%3Fb%23c%2Fd%3a%40%26%3D%2B%24%2C%3B': 'a?b#c/d:@&=+$,;', // tonic escapes these, and decodeURI does not decode them
    '%E4%BD%A0 %e4%bd%a0 %F0%9F%98%80 %C3%A9': '你 你 😀 é',
    '%00%0A%7f': '\0\n\x7f',
    '100%25 %2525': '100% %25',
    'a+b': 'a+b',
    // An invalid escape does not affect the others.
    '%zz %41 %': '%zz A %',
    '%4 %41%4': '%4 A%4',
    '%%41': '%A',
    // Escapes of bytes that are not UTF-8: a lone continuation byte, a truncated sequence, an overlong form, a lone surrogate.
    '%ff%41': '%ffA',
    '%E4%BD %41': '%E4%BD A',
    '%C0%AF%41': '%C0%AFA',
    '%ED%A0%80%41': '%ED%A0%80A',
    '%F5%80%80%80': '%F5%80%80%80',
    '%80': '%80',
    // Sent without an escape; Node returns bytes as Latin-1.
    '\xc3\xa9 \xff': 'é %FF',
  };
  for (const [header, text] of Object.entries(texts)) {
    it(`decodes ${JSON.stringify(header)} to ${JSON.stringify(text)}`, () => {
      expect(percentDecode(header)).to.equal(text);
    });
  }

  it('restores any text, whichever of its bytes were escaped', () => {
    const escapeOf = (byte: number): string => `%${byte.toString(16).padStart(2, '0')}`;
    const encode = (text: string, mayStay: (byte: number) => boolean): string =>
      [...Buffer.from(text)].map(byte => (mayStay(byte) ? String.fromCharCode(byte) : escapeOf(byte))).join('');
    const isPlain = (byte: number) => byte >= 0x20 && byte <= 0x7e && byte !== 0x25;
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.func(fc.boolean()), (text, chosen) => {
        expect(percentDecode(encode(text, () => false))).to.equal(text);
        expect(percentDecode(encode(text, isPlain))).to.equal(text);
        expect(percentDecode(encode(text, byte => isPlain(byte) && chosen(byte)))).to.equal(text);
        expect(percentDecode(encodeURI(text))).to.equal(text);
      }),
    );
  });

  it('takes time linear in the length', () => {
    expect(percentDecode('%E4%BD'.repeat(100_000))).to.have.lengthOf(600_000);
    expect(percentDecode('%'.repeat(600_000))).to.have.lengthOf(600_000);
  });
});
