import { expect } from 'chai';
import protobuf from 'protobufjs';
import { parseProto } from '../../lib/codec/parse-proto.ts';

function defaultOf(type: string, literal: string, before = ''): unknown {
  const root = new protobuf.Root();
  parseProto(
    root,
    'a.proto',
    `syntax = "proto2"; message A { optional ${type} a = 1 [${before}default = ${literal}]; }`,
  );
  return root.lookupType('A').fields['a']!.options!['default'];
}

const bytesOf = (literal: string): Buffer => Buffer.from(String(defaultOf('bytes', literal)), 'latin1');

describe('A default in a .proto file', () => {
  for (const [literal, text] of [
    [String.raw`"\xe1\x88\xb4"`, 'ሴ'],
    [String.raw`"\303\251 é"`, 'é é'],
    [String.raw`"\u00e9 \U0001F600 😀"`, 'é 😀 😀'],
    [String.raw`"a\"\\\n" 'b"\'' "\0\?"`, 'a"\\\nb"\'\0?'],
    [String.raw`"\\xe1 \\u00e9"`, String.raw`\xe1 \u00e9`],
  ] as const) {
    it(`of a string is the value that protoc reads: ${literal}`, () => {
      expect(defaultOf('string', literal)).to.equal(text);
      expect(defaultOf('string', literal, '(opt) = { a: ["]"] }, deprecated = true, ')).to.equal(text);
      expect(bytesOf(literal)).to.deep.equal(Buffer.from(text));
    });
  }

  it('of bytes need not be UTF-8', () => {
    expect(bytesOf(String.raw`"\xff\377\0" "\x0\a"`)).to.deep.equal(Buffer.of(255, 255, 0, 0, 7));
  });

  it('does not shift the position of an error', () => {
    const text = String.raw`"\u00e9" // one\n'\303\251'`.replaceAll(String.raw`\n`, '\n');
    expect(defaultOf('string', text)).to.equal('éé');
    const source = `syntax = "proto2"; message A { optional string a = 1 [default = ${text}];\nstrin }`;
    expect(() => parseProto(new protobuf.Root(), 'a.proto', source)).to.throw("a.proto:3:1: illegal token 'strin'");
  });
});
