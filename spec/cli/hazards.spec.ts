import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { root, Written } from './support/written.ts';

const proto = (body: string, name = 'p'): string => `syntax = "proto3"; package ${name};\n${body}`;
const keywords =
  'break case class const default delete else enum export extends false for function if import in new null return super switch ' +
  'this throw true try typeof var void while with let static yield await async arguments eval any unknown never object number ' +
  'bigint boolean string symbol undefined NaN Infinity globalThis type interface package public private as from of';
const globals =
  'Object Error Array Uint8Array Promise Map Set Buffer Record Readonly String Number Boolean BigInt Symbol Function Date JSON ' +
  'Math Reflect Proxy Partial Omit Extract WeakMap Iterable Disposable';
const locals = 'r w m i k n depth end tag into map key value outer read write encode decode';
const words = `${keywords} ${globals} ${locals}`.split(' ');

// Each is generated for each type of 64-bit integers, compiled with every strictness flag, and imported.
const hazards: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'words of the language, globals and names of ours, as names of fields and of messages': {
    'fields.proto': proto(`message All { ${words.map((word, i) => `string ${word} = ${i + 1};`).join(' ')} }`),
    'oneof.proto': proto(
      `message All { oneof the_class { ${words.map((word, i) => `All ${word} = ${i + 1};`).join(' ')} } }`,
      'o',
    ),
    'messages.proto': proto(
      words
        .map(
          (word, i) => `message ${word} { .q.${word} self = 1; bytes b = ${i + 2}; map<string, .q.${word}> m = 1000; }`,
        )
        .join('\n'),
      'q',
    ),
    'enums.proto': `syntax = "proto2"; package e; ${words.map(word => `enum ${word} { ${word}_ = 0; } message ${word}_m { optional .e.${word} a = 1; repeated .e.${word} ${word} = 2; map<int32, .e.${word}> c = 3; }`).join('\n')}`,
    'values.proto': proto(`enum All { ${words.map((word, i) => `${word} = ${i};`).join(' ')} }`, 'v'),
    'rpcs.proto': proto(
      `message M {} service class { ${words
        .filter(word => word === word.toLowerCase())
        .map(word => `rpc ${word}(M) returns (M);`)
        .join(' ')} } service Object {}`,
      's',
    ),
  },
  'fields that every object has, or that are __proto__': {
    'all.proto': proto(
      'message A { string constructor = 1; int32 __proto__ = 2; repeated string to_string = 3; oneof value_of { A has_own_property = 4; string is_prototype_of = 5; } A __define_getter__ = 6; } enum E { ZERO = 0; constructor = 1; toString = 2; } service S { rpc constructor(A) returns (A); rpc toString(A) returns (A); }',
    ),
  },
  'names that meet those made for others': {
    'all.proto': proto(
      'message User {} message UserInit { User user = 1; } message UserInitInit {} message readUser {} message writeUser { readUser a = 1; } message Outer { message Inner {} Inner a = 1; Outer_Inner b = 2; } message Outer_Inner {} enum Outer_InnerInit { Z = 0; } service readOuter { rpc A(User) returns (Outer_Inner); }',
    ),
  },
  'imports that form a circle': {
    'a.proto': proto('import "b.proto"; message A { q.B b = 1; } service SA { rpc Get(A) returns (q.B); }'),
    'b.proto': proto(
      'import "c.proto"; message B { r.C c = 1; p.A a = 2; } service SB { rpc Get(p.A) returns (B); }',
      'q',
    ),
    'c.proto': proto(
      'import "a.proto"; message C { p.A a = 1; q.B b = 2; } service SC { rpc Get(q.B) returns (p.A); }',
      'r',
    ),
  },
  'one package in several files, in several folders': {
    'x/one.proto': proto('import "y/two.proto"; message One { Two two = 1; Three three = 2; }'),
    'y/two.proto': proto('import public "three.proto"; message Two {}'),
    'three.proto': proto('message Three { bytes a = 1; } service Services { rpc A(Three) returns (Three); }'),
  },
  'types of one name in several files': {
    'main.proto': proto(
      'import "a.proto"; import "b.proto"; message User { a.User a = 1; b.User b = 2; a.UserInit c = 3; } service S { rpc Get(a.User) returns (b.User); }',
      'main',
    ),
    'a.proto': proto('message User {} message UserInit { int32 a = 1; }', 'a'),
    'b.proto': proto('message User { enum Kind { Z = 0; } Kind kind = 1; }', 'b'),
  },
  'nothing, messages without fields, services without methods, enums of 5,000 values': {
    'nothing.proto': 'syntax = "proto3";',
    'only-enum.proto': proto(`enum Huge { ${Array.from({ length: 5000 }, (_, i) => `HUGE_${i} = ${i};`).join(' ')} }`),
    'empty.proto': proto('message Empty {} service Nothing {}', 'q'),
    'import.proto': proto('import "only-enum.proto"; message A { p.Huge huge = 1; repeated p.Huge more = 2; }', 'r'),
  },
  'messages that hold themselves, and 20 inside one another': {
    'tree.proto': proto(
      `message Tree { Tree left = 1; repeated Tree children = 2; map<string, Tree> by_name = 3; oneof kind { Tree sub = 4; } }\n${Array.from({ length: 20 }, (_, i) => `message N${i} {`).join(' ')} N0 back = 1; ${'}'.repeat(20)}`,
    ),
  },
  'comments that would end a comment, and long names': {
    'all.proto': proto(
      `/* a * / b **\\/ */ message A { // */ export const evil = 1; /*\n string ${'a'.repeat(150)} = 1; oneof ${'b'.repeat(130)} { string ${'c'.repeat(130)} = 2; } repeated int64 ${'d'.repeat(140)} = 3; map<int64, A> ${'e'.repeat(140)} = 4; } service S${'f'.repeat(130)} { rpc ${'G'.repeat(140)}(A) returns (A); }`,
    ),
  },
  'all shapes of proto2': {
    'old.proto': readFileSync(`${root}spec/codec/protos/old.proto`, 'utf8').replace('required', 'optional'),
  },
};

describe('Code generated from', () => {
  const written = new Written();
  before(() => {
    for (const [i, texts] of Object.values(hazards).entries()) {
      for (const int64 of ['bigint', 'string', 'number'] as const) written.add(`${i}/${int64}`, texts, { int64 });
    }
    writeFileSync(
      join(written.dir, 'inherited.ts'),
      `import { A } from './${Object.keys(hazards).findIndex(name => name.startsWith('fields that every'))}/bigint/all.ts';
       A.encode({});
       A.encode({ constructor: 'x', toString: ['x'], valueOf: { case: 'isPrototypeOf', value: 'x' } });
       // @ts-expect-error
       A.encode({ toString: [1] });`,
    );
    writeFileSync(join(written.dir, 'tsconfig.json'), JSON.stringify(strictest));
  });
  after(() => written.remove());

  it('each hazard compiles with every strictness flag', () => {
    try {
      execFileSync(`${root}node_modules/.bin/tsc`, ['-p', written.dir], { encoding: 'utf8' });
    } catch (error) {
      expect.fail((error as { stdout: string }).stdout.slice(0, 4000));
    }
  }).timeout(120_000);

  for (const [i, [name, texts]] of Object.entries(hazards).entries()) {
    it(`${name} runs`, async () => {
      for (const file of Object.keys(texts)) {
        const module = await written.import(`${i}/bigint/${file.replace('.proto', '.ts')}`);
        for (const each of Object.values<any>(module)) {
          if (each?.typeName) expect(each.encode(each.decode(Buffer.alloc(0)))).to.be.instanceOf(Uint8Array);
          for (const method of Object.values<any>(each ?? {})) {
            if (!method?.requestSerialize) continue;
            expect(method.responseDeserialize(method.requestSerialize({}))).to.be.an('object');
          }
        }
      }
    });
  }
});

const strictest = {
  extends: `${root}tsconfig.json`,
  compilerOptions: {
    noEmit: false,
    emitDeclarationOnly: true,
    declaration: true,
    outDir: 'out',
    rootDir: root,
    isolatedDeclarations: true,
    allowUnreachableCode: false,
    allowUnusedLabels: false,
    noUncheckedSideEffectImports: true,
    noPropertyAccessFromIndexSignature: true,
    types: ['node'],
  },
  include: ['**/*.ts'],
  exclude: ['out'],
};
