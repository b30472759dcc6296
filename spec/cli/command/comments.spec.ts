import { expect } from 'chai';
import type protobuf from 'protobufjs';
import { findProtos } from '../../../cli/command/find-protos.ts';
import { readSources } from '../../../cli/command/read-sources.ts';
import { Project } from './support/project.ts';

async function read(text: string): Promise<protobuf.Root> {
  using project = new Project({ 'a.proto': `syntax = "proto3";\n${text}` });
  return (await readSources(await findProtos([project.path('a.proto')], []))).root;
}

/** The comments of the fields of a message with this text. */
async function fields(text: string): Promise<Record<string, string | null>> {
  const type = (await read(`message A {${text}}`)).lookupType('A');
  return Object.fromEntries(type.fieldsArray.map(field => [field.name, field.comment]));
}

// These are protoc's rules: google/protobuf/io/tokenizer.cc, and the comments of SourceCodeInfo in descriptor.proto.
describe('Comments', () => {
  it('are those before a declaration, of any kind', async () => {
    const text =
      '// a\nstring a = 1;\n/* b */\nstring b = 2;\n/** c */\nstring c = 3;\n/// d\nstring d = 4;\n/* e */ string e = 5;';
    expect(await fields(`\n\n${text}`)).to.deep.equal({ a: 'a', b: 'b', c: 'c', d: 'd', e: 'e' });
  });

  it('are those after a declaration without one before it', async () => {
    expect(await fields('string a = 1; // a\nstring b = 2; /* b */\n// c\nstring c = 3; // not c\n')).to.deep.equal({
      a: 'a',
      b: 'b',
      c: 'c',
    });
    expect(await fields('string a = 1;\n// a\n\nstring b = 2;\n// b\n')).to.deep.equal({ a: 'a', b: 'b' });
  });

  it('are not detached ones, or those between two declarations in one line', async () => {
    expect(
      await fields('\n// brace\n\n// apart\n\nstring a = 1; /* whose? */ string b = 2;\n\n// apart\n\n'),
    ).to.deep.equal({
      a: null,
      b: null,
    });
  });

  it('keep paragraphs and indentation, and lose comment markers', async () => {
    const { a, b } = await fields(
      '\n// One.\n//\n//   - two\n//   - three\nstring a = 1;\n/**\n * One.\n *\n *   two\n */\nstring b = 2;\n',
    );
    expect(a).to.equal('One.\n\n  - two\n  - three');
    expect(b).to.equal('One.\n\n  two');
  });

  it('are found on messages, enums, enum values, oneofs, services and RPCs, whatever their options contain', async () => {
    const root = await read(`
      // Of A.
      message A {
        option (x) = { text: "}" more { a: ';' } };
        // Of inner.
        message Inner { string in_side = 1; // Of in_side.
        }
        // Of one_of.
        oneof one_of { string a = 2 [(y) = { b: "{" }]; // Of a.
        }
      }
      // Of E.
      enum E {
        // Of Z.
        Z = 0;
        B = 1 [deprecated = true]; // Of B.
      }
      // Of S.
      service S {
        // Of Get.
        rpc Get(A) returns (A) { option (z) = {}; }
        rpc List(A) returns (stream A); // Of List.
      }`);
    const { comments } = root.lookupEnum('E');
    expect(comments).to.deep.include({ Z: 'Of Z.', B: 'Of B.' });
    const type = root.lookupType('A');
    expect([type.comment, type.oneofs['oneOf']!.comment, type.fields['a']!.comment]).to.deep.equal([
      'Of A.',
      'Of one_of.',
      'Of a.',
    ]);
    expect(root.lookupType('A.Inner').comment).to.equal('Of inner.');
    expect(root.lookupType('A.Inner').fields['inSide']!.comment).to.equal('Of in_side.');
    expect(root.lookupEnum('E').comment).to.equal('Of E.');
    const service = root.lookupService('S');
    expect([service.comment, ...service.methodsArray.map(each => each.comment)]).to.deep.equal([
      'Of S.',
      'Of Get.',
      'Of List.',
    ]);
  });
});
