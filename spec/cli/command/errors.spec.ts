import { expect } from 'chai';
import { Project, proto } from './support/project.ts';

/** The error for a file named a.proto. */
async function errorOf(text: string, others: Readonly<Record<string, string>> = {}): Promise<string> {
  using project = new Project({ 'a.proto': text, ...others });
  const { code, out, err } = await project.run('generate', './a.proto', '--out', './gen');
  expect(out, text).to.equal('');
  expect(code, text).to.equal(3);
  return err.trimEnd();
}

const p3 = 'syntax = "proto3";\n';
const p2 = 'syntax = "proto2";\n';
const member = 'a field, message, enum, oneof, extend, option, reserved, extensions or }';
const top = 'message, enum, service, extend, option, import or package';

describe('Errors of a .proto file', () => {
  for (const [text, error] of [
    // If the token occurs several times in the line, the position is that of the occurrence that fails.
    [`${p3}message A {\n  string string id = 1;\n}`, "3:17: illegal token 'id', '=' expected"],
    [`${p3}message A {\n  string id = id;\n}`, "3:15: illegal id 'id', expected a number"],
    [`${p3}message A { string a = 5 string b = 6; }`, "2:26: illegal token 'string', ';' expected"],
    [`${p3}message A { optional optional string a = 5; }`, "2:38: illegal token 'a', '=' expected"],
    [`${p3}message A {\r\n  string id = 1 2;\r\n}`, "3:17: illegal token '2', ';' expected"],
    [`${p3}message A { string a = 1 [deprecated = ]; }`, "2:40: illegal value ']', expected a value"],
    [`${p3}message 5A {}`, "2:9: illegal type name '5A', expected a name"],
    [`${p3}message A { map<float, string> x = 1; }`, "2:17: illegal type 'float', expected a type"],
    [`${p3}message A {\n  required string id = 1;\n}`, `3:3: illegal token 'required', expected ${member}`],
    [
      `${p2}message A {\n  string id = 1;\n}`,
      `3:3: illegal token 'string', expected ${member} (in proto2 behind a label)`,
    ],
    [`${p3}mesage A {}`, `2:1: illegal token 'mesage', expected ${top}`],
    [`${p3}message A {} }`, `2:14: illegal token '}', expected ${top}`],
    [`${p3}enum A { B = x; }`, "2:14: illegal id 'x', expected a number"],
    [`${p3}service A {\n  rpc B(C) return (D);\n}`, "3:12: illegal token 'return', 'returns' expected"],
    [`${p3}service A {\n  rcp B(C) returns (D);\n}`, "3:3: illegal token 'rcp', expected rpc, option or }"],
    [`${p3}service A { rpc B(C) returns (D) { foo } }`, "2:36: illegal token 'foo', expected option or }"],
    ['edition = "2030";', `1:12: illegal edition '2030', expected "2023" or "2024"`],
    ['syntax = "proto9";', '1:10: unknown syntax or edition "proto9", expected proto2, proto3, 2023, 2024, 2026'],
    [`${p3}message A { string "a = 1; }`, `2:20: illegal name '"', expected a name`],
    [`${p3}import "a.proto;\n`, '2:8: illegal string'],
    [`${p3}/* message A { string a = 1; }`, '2:1: illegal comment'],
    [`${p3}message A {\n  string id = 1`, "3:16: unexpected end of the file, ';' expected"],
    [`${p3}message A {\n  string id = 1;\n`, "3:17: unexpected end of the file, '}' expected"],
    [`${p2}message A { oneof b { group C = 1 {} } }`, '2:29: groups within a oneof are not supported'],
  ] as const) {
    it(`name position and token: ${error}`, async () => {
      expect(await errorOf(text)).to.equal(`a.proto:${error}`);
    });
  }

  for (const [text, error] of [
    [`${p3}message A { B b = 1; }`, '2:13: A.b: no message or enum is named "B"'],
    [`${p3}message A { map<string, B> b = 1; }`, '2:25: A.b: no message or enum is named "B"'],
    [`${p3}message A { repeated x.B b = 1; }`, '2:22: A.b: no message or enum is named "x.B"'],
    [`${p3}message A { message I { oneof o { B b = 1; } } }`, '2:35: A.I.b: no message or enum is named "B"'],
    [`${p3}message A {} service S { rpc G(stream A) returns (B); }`, '2:51: S.G: no message is named "B"'],
    [`${p3}message A {} enum E { Z = 0; } service S { rpc G(E) returns (A); }`, '2:50: S.G: no message is named "E"'],
    [`${p2}extend A { optional string a = 1; }`, '2:28: .a: extends "A", but no message has this name'],
  ] as const) {
    it(`name the declaration that refers to an unknown type: ${error}`, async () => {
      expect(await errorOf(text)).to.equal(`a.proto:${error.replace(': .a:', ': a:')}`);
    });
  }

  it('name the importer of a missing file, and the searched places', async () => {
    using project = new Project({ 'p/a.proto': `${p3}\nimport "b/none.proto";`, 'i/x.proto': '' });
    const { code, err } = await project.run('generate', './p/a.proto', '--include', './i', '--out', './gen');
    expect(code).to.equal(3);
    expect(err).to.match(
      /^p\/a\.proto:3:8: imports "b\/none\.proto", which is not found: i\/b\/none\.proto, p\/b\/none\.proto, b\/none\.proto, /,
    );
  });

  it('name a type whose file is not imported', async () => {
    const others = { 'b.proto': proto('B'), 'c.proto': proto('C', 'import "b.proto";') };
    const uses = `${p3}import "c.proto";\nmessage A { B b = 1; C c = 2; }`;
    expect(await errorOf(uses, others)).to.equal(
      'a.proto:3:13: A.b: "B" is declared in b.proto, which is not imported',
    );
    using project = new Project({ 'a.proto': uses, ...others, 'c.proto': proto('C', 'import public "b.proto";') });
    expect((await project.run('generate', './a.proto', '--out', './gen')).err).to.equal('');
  });

  it('name the file that declares the same name', async () => {
    const others = { 'b.proto': proto('A') };
    expect(await errorOf(`${p3}import "b.proto";\nmessage A {}`, others)).to.equal(
      "b.proto:2:9: duplicate name 'A', which a.proto declares; all files of one run share their names",
    );
  });

  for (const [text, error] of [
    ['message A {\n  string b = 1;\n  string b = 2;\n}', "4:10: duplicate name 'b' in Type A, which line 3 declares"],
    ['message A {\n  string b = 1;\n  string c = 1;\n}', '4:10: duplicate id 1 in Type A, which line 3 has'],
    [
      'message A { string foo_bar = 1; string fooBar = 2; }',
      "2:40: duplicate name 'fooBar' in Type A, which line 2 declares",
    ],
    ['message A {} enum A { B = 0; }', "2:19: duplicate name 'A', which line 2 declares"],
    ['enum A { B = 0; C = 0; }', '2:17: duplicate id 0 in Enum A, which line 2 has'],
    ['enum A { B = 0; B = 1; }', "2:17: duplicate name 'B' in Enum A, which line 2 declares"],
    ['message A { reserved 2; string b = 2; }', '2:32: id 2 is reserved in Type A'],
    ['message A { string b = 2; reserved 1 to 3; }', '2:20: A.b: its number 2 is reserved'],
    ['message A { reserved "b"; string b = 2; }', "2:34: name 'b' is reserved in Type A"],
    ['message A { string b_c = 2; reserved "b_c"; }', '2:20: A.bC: its name is reserved'],
    ['message A { string b = 0; }', '2:20: A.b: its number must be from 1 to 536870911, it is 0'],
    ['message A { string b = 536870912; }', '2:20: A.b: its number must be from 1 to 536870911, it is 536870912'],
    [
      'message A { string b = 19000; }',
      '2:20: A.b: its number is 19000, and those from 19000 to 19999 are reserved for protobuf',
    ],
    [
      'message A { string b = 19999; }',
      '2:20: A.b: its number is 19999, and those from 19000 to 19999 are reserved for protobuf',
    ],
    ['enum A { B = 1; }', '2:6: A: the first value of an open enum, as those of proto3 are, must be 0, B is 1'],
    ['enum A {}', '2:6: A: an enum has at least one value'],
    ['enum A { B = 0; C = 2147483648; }', '2:6: A: C must be a 32-bit integer, it is 2147483648'],
    ['message A { oneof b {} }', '2:19: A.b: a oneof has at least one field'],
    [
      'message A { int32 b = 1 [default = 5]; }',
      '2:19: A.b: only an optional or required field that is not a message can have a default',
    ],
    [
      'message A { repeated string b = 1 [packed = true]; }',
      '2:29: A.b: only repeated numbers, booleans and enums can be packed',
    ],
  ] as const) {
    it(`cover everything that protoc refuses: ${error}`, async () => {
      expect(await errorOf(`${p3}${text}`)).to.equal(`a.proto:${error}`);
    });
  }

  it('cover a closed enum in a field that cannot tell whether it was sent', async () => {
    const others = { 'b.proto': 'syntax = "proto2"; enum Old { ONE = 1; }' };
    expect(await errorOf(`${p3}import "b.proto";\nmessage A { Old old = 1; }`, others)).to.equal(
      'a.proto:3:17: A.old: Old is a closed enum: the field must be optional, since 0 need not be one of its values',
    );
  });

  it('cover a default that is not a value of the enum', async () => {
    expect(await errorOf(`${p2}enum E { ONE = 1; }\nmessage A { optional E e = 1 [default = TWO]; }`)).to.equal(
      'a.proto:3:24: A.e: its default "TWO" is not a value of E',
    );
  });

  it('do not occur at the limits', async () => {
    using project = new Project({
      'a.proto': `${p3}message A { string b = 1; string c = 536870911; string d = 18999; string e = 20000;
        reserved 2 to 4, 6; string f = 5; repeated int32 g = 7 [packed = true]; oneof h { string i = 8; } }
        enum E { Z = 0; LEAST = -2147483648; MOST = 2147483647; }`,
      'b.proto': `${p2}enum Old { ONE = 1; TWO = 2; } message B { optional Old old = 1 [default = TWO]; }`,
    });
    const { code, err } = await project.run('generate', './a.proto', './b.proto', '--out', './gen');
    expect({ code, err }).to.deep.equal({ code: 0, err: '' });
  });

  it('do not occur after a reserved name of an edition, at which the parser fails and continues', async () => {
    using project = new Project({
      'a.proto': 'edition = "2023"; message A { reserved foo, bar; string b = 1; } message B { A a = 1; }',
    });
    const { code, err } = await project.run('generate', './a.proto', '--out', './gen');
    expect({ code, err }).to.deep.equal({ code: 0, err: '' });
    expect(project.read('gen/a.ts')).to.include('interface B ');
  });

  it('do not occur for a byte order mark, Windows line ends, or unusual formatting', async () => {
    using project = new Project({
      'a.proto': `\uFEFF${p3.replace('\n', '\r\n')}import 'b' ".proto";message A{string a=1;;}\r\n;enum E{Z=0;;}`,
      'b.proto': '',
    });
    const { code, err } = await project.run('generate', './a.proto', '--out', './gen');
    expect({ code, err }).to.deep.equal({ code: 0, err: '' });
  });
});
