import { deepStrictEqual } from 'node:assert';
import { expect } from 'chai';
import protobuf from 'protobufjs';
import { generate } from '../../cli/generate/generate.ts';
import type { GenerateOptions } from '../../cli/generate/source-files.ts';
import { sourcesOf } from './support/sources.ts';
import { Written } from './support/written.ts';

const proto = (body: string): string => `syntax = "proto3"; package p;\n${body}`;
const texts = (sources: Record<string, string>, options?: GenerateOptions, names?: string[]): Record<string, string> =>
  Object.fromEntries(generate(sourcesOf(sources, names), options).map(({ path, text }) => [path, text]));

describe('generate', () => {
  it('returns a file for each file to generate, under its import name', () => {
    const sources = {
      'main.proto': proto('import "sub/other.proto"; message A { B b = 1; }'),
      'sub/other.proto': proto('message B {}'),
    };
    expect(Object.keys(texts(sources))).to.deep.equal(['main.ts', 'sub/other.ts']);
    const only = texts(sources, {}, ['main.proto']);
    expect(Object.keys(only)).to.deep.equal(['main.ts']);
    expect(only['main.ts']).to.contain("import { B, type BInit } from './sub/other.js';");
  });

  it('imports run-time code from this package, and other files with the configured extension', () => {
    const sources = {
      'a/main.proto': proto(
        'import "google/protobuf/any.proto"; import "b.proto"; message A { google.protobuf.Any any = 1; B b = 2; }',
      ),
      'b.proto': proto('message B {}'),
    };
    const importsOf = (options: GenerateOptions): string[] =>
      texts(sources, options)
        ['a/main.ts']!.split('\n')
        .filter(line => line.startsWith('import'))
        .map(line => line.replace(/^.* from /, ''));
    expect(importsOf({})).to.deep.equal(["'rx-grpc/generated';", "'rx-grpc/google/protobuf/any';", "'../b.js';"]);
    expect(importsOf({ importExtension: 'ts' })[2]).to.equal("'../b.ts';");
    expect(importsOf({ importExtension: 'none' })[2]).to.equal("'../b';");
    expect(importsOf({ runtime: './lib/generated.js' })).to.deep.equal([
      "'../b.js';",
      "'../lib/generated.js';",
      "'../lib/google/protobuf/any.js';",
    ]);
  });

  it('returns the same text in whatever order the files were read', () => {
    const a = proto('import "b.proto"; import "c.proto"; message A { B b = 1; C c = 2; }');
    const [b, c] = [proto('message B { message In {} In in = 1; }'), proto('message C { enum E { Z = 0; } E e = 1; }')];
    const there = texts({ 'a.proto': a, 'b.proto': b, 'c.proto': c });
    deepStrictEqual({ ...texts({ 'c.proto': c, 'b.proto': b, 'a.proto': a }) }, { ...there });
  });

  it('marks all top-level calls as pure, so that bundlers drop unused code', () => {
    const long = 'Long'.repeat(20);
    const text = texts({
      'a.proto': proto(
        `message A {} message ${long} {} service S { rpc Get(A) returns (A); rpc Do${long}(${long}) returns (A); }`,
      ),
    })['a.ts']!;
    const calls = text.match(/.*\$\.(messageType|method)\(/g)!;
    expect(calls).to.have.length(4);
    for (const each of calls) expect(each).to.match(/\/\* @__PURE__ \*\/ \$\.\w+\($/);
  });

  it('turns comments into docstrings, and marks deprecated declarations', () => {
    const text = texts({
      'a.proto': proto(`// Of the message. */ evil
message A {
  option deprecated = true;
  // Of the field.
  //
  // @deprecated since long
  string b = 1 [deprecated = true];
  oneof c { // Of the oneof.
    string d = 2 [deprecated = true];
  }
}`),
    })['a.ts']!;
    expect(text).to.contain('/**\n * Of the message. *\\/ evil\n * @deprecated\n */\nexport interface A {');
    expect(text).to.contain(
      '  /**\n   * Of the field.\n   *\n   * @deprecated since long\n   */\n  readonly b: string;',
    );
    expect(text).to.match(
      /\| \{\n {8}\/\*\* @deprecated \*\/\n {8}readonly case: 'd';\n {8}readonly value: string;\n {6}\}/,
    );
  });

  describe('refuses, naming file and declaration,', () => {
    const refuses = (body: string, message: string): void => {
      expect(() => texts({ 'a.proto': body })).to.throw(message);
    };

    it('two fields, or a field and a oneof, that would become one property', () => {
      // As descriptors: protobufjs's parser itself refuses them in text.
      const field = (id: number) => ({ id, type: 'string' });
      for (const [fields, oneofs] of [
        [{ foo_bar: field(1), fooBar: field(2) }, {}],
        [{ foo_bar: field(1), x: field(2) }, { fooBar: { oneof: ['x'] } }],
        [{ foo_bar: field(1), fooBar: field(2) }, { o: { oneof: ['foo_bar', 'fooBar'] } }],
        [
          { x: field(1), y: field(2) },
          { foo_bar: { oneof: ['x'] }, fooBar: { oneof: ['y'] } },
        ],
      ] as const) {
        const root = protobuf.Root.fromJSON({ nested: { p: { nested: { A: { fields, oneofs } } } } } as never);
        root.lookup('p.A')!.filename = 'memory';
        root.resolveAll();
        const files = [{ name: 'a.proto', filename: 'memory', imports: [], generate: true }];
        expect(() => generate({ root, files })).to.throw('a.proto: p.A: two of its fields would be called fooBar');
      }
      refuses(proto('message A { string foo_bar = 1; string fooBar = 2; }'), "duplicate name 'fooBar'");
    });

    it('two RPCs that would become one method', () => {
      refuses(
        proto('message M {} service S { rpc Get(M) returns (M); rpc get(M) returns (M); }'),
        'a.proto: p.S: two of its RPCs would be called get',
      );
    });

    it('invalid field numbers', () => {
      refuses(
        proto('message A { string a = 536870912; }'),
        'a.proto: p.A.a: its number must be from 1 to 536870911, it is 536870912',
      );
    });
  });

  describe('with the option int64', () => {
    const written = new Written();
    const body = proto(
      'message A { int64 a = 1; optional uint64 b = 2; repeated sint64 c = 3; map<int64, fixed64> d = 4; oneof e { sfixed64 f = 5; } repeated int64 g = 6 [packed = false]; }',
    );
    before(() => {
      for (const int64 of ['string', 'number', 'bigint'] as const) written.add(int64, { 'a.proto': body }, { int64 });
    });
    after(() => written.remove());

    const big = { a: -5n, b: 7n, c: [1n, -1n], d: { 1: 2n }, e: { case: 'f', value: -3n }, g: [4n] };
    const as = (convert: (value: bigint) => unknown): unknown => ({
      a: convert(-5n),
      b: convert(7n),
      c: [convert(1n), convert(-1n)],
      d: { 1: convert(2n) },
      e: { case: 'f', value: convert(-3n) },
      g: [convert(4n)],
    });

    it('string: reads decimal strings, and writes them, bigints and safe numbers', async () => {
      const { A } = await written.import('string/a.ts');
      const bytes = (await written.import('bigint/a.ts')).A.encode(big);
      deepStrictEqual(A.decode(bytes), as(String));
      for (const value of [big, as(String), as(Number)]) deepStrictEqual(A.encode(value), bytes);
      deepStrictEqual(A.decode(Buffer.alloc(0)).a, '0');
      for (const zero of ['0', 0, 0n]) expect(A.encode({ a: zero })).to.have.length(0);
      const limits = ['-9223372036854775808', '9223372036854775807'];
      for (const a of limits) expect(A.decode(A.encode({ a })).a).to.equal(a);
      for (const a of ['9223372036854775808', '1.5', '', '01', 'x'])
        expect(() => A.encode({ a })).to.throw(TypeError, /^p\.A\.a: /);
      expect(() => A.encode({ c: ['1', 'x'] })).to.throw(TypeError, /^p\.A\.c\[1\]: /);
    });

    it('number: reads safe integers, refuses others, and writes numbers and bigints', async () => {
      const { A } = await written.import('number/a.ts');
      const { A: Big } = await written.import('bigint/a.ts');
      deepStrictEqual(A.decode(Big.encode(big)), as(Number));
      for (const value of [big, as(Number)]) deepStrictEqual(A.encode(value), Big.encode(big));
      expect(A.decode(Big.encode({ a: 2n ** 53n - 1n })).a).to.equal(Number.MAX_SAFE_INTEGER);
      expect(() => A.decode(Big.encode({ a: 2n ** 53n }))).to.throw(
        'malformed p.A: at byte 9: 9007199254740992 is not a safe integer',
      );
    });
  });
});
