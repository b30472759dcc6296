import { expect } from 'chai';
import protobuf from 'protobufjs';
import { codecs } from './codecs.ts';

for (const { by, codecsOf } of codecs) {
  describe(`encode, ${by}`, () => {
    let rich: any;
    let old: any;
    before(async () => {
      rich = await codecsOf('rich');
      old = await codecsOf('old');
    });
    const hex = (name: string, value: unknown): string => rich[name].encode(value).toString('hex');
    const refuses = (name: string, value: unknown, message: string): void => {
      expect(() => rich[name].encode(value))
        .to.throw(TypeError)
        .with.property('message', message);
    };

    it('returns a Buffer that the next call does not change', () => {
      const first = rich.Tree.encode({ name: 'a' });
      rich.Tree.encode({ name: 'b' });
      expect(Buffer.isBuffer(first)).to.equal(true);
      expect(first.toString('hex')).to.equal('0a0161');
    });

    it('skips absent and undefined fields, and defaults of fields without presence', () => {
      expect(hex('Scalars', {})).to.equal('');
      expect(hex('Scalars', { int32Value: undefined, nonsense: undefined })).to.equal('');
      const zero = {
        int32Value: 0,
        int64Value: 0,
        uint64Value: 0n,
        boolValue: false,
        stringValue: '',
        bytesValue: new Uint8Array(0),
        color: 0,
        doubleValue: 0,
      };
      expect(hex('Scalars', zero)).to.equal('');
      expect(hex('Scalars', { doubleValue: -0 })).to.equal('090000000000000080');
      expect(hex('Lists', { int32Value: [], stringValue: [] })).to.equal('');
    });

    it('writes defaults of optional fields and of oneof members', () => {
      expect(hex('Optionals', { int32Value: 0, stringValue: '' })).to.equal('18007200');
      expect(hex('Union', { theContent: { case: 'text', value: '' } })).to.equal('1a00');
      expect(hex('Union', { theContent: { case: 'tree', value: {} } })).to.equal('3200');
      expect(hex('Union', { theContent: undefined })).to.equal('');
    });

    it('refuses an unknown property, and suggests the likely field', () => {
      const refused: [string, object, string][] = [
        [
          'Scalars',
          { strngValue: 'x' },
          'rich.Scalars.strngValue: rich.Scalars has no such field; did you mean stringValue?',
        ],
        [
          'Scalars',
          { int32Value: 1, string_value: 'x' },
          'Scalars.string_value: rich.Scalars has no such field; did you mean stringValue?',
        ],
        [
          'Tree',
          { children: [{ name: 'a' }, { nmae: 'b' }] },
          'Tree.children[1].nmae: rich.Tree has no such field; did you mean name?',
        ],
        [
          'Maps',
          { trees: { a: { lefft: {} } } },
          'Maps.trees["a"].lefft: rich.Tree has no such field; did you mean left?',
        ],
        ['Tree', { colour: 1 }, 'Tree.colour: rich.Tree has no such field; it has name, left, children'],
        ['Tree', { children: [], left: {}, name: 'out of order', x: 0 }, 'Tree.x: rich.Tree has no such field'],
        ['Tree', JSON.parse('{"__proto__":1}'), 'Tree.__proto__: rich.Tree has no such field'],
      ];
      for (const [type, value, message] of refused)
        expect(() => hex(type, value), message).to.throw(TypeError, message);
    });

    it('accepts properties in any order, and ignores symbols and inherited properties', () => {
      expect(hex('Tree', { children: [], left: {}, name: 'a' })).to.equal(hex('Tree', { name: 'a', left: {} }));
      expect(hex('Tree', { [Symbol('mine')]: 1, name: 'a' })).to.equal('0a0161');
      expect(hex('Tree', Object.create({ inherited: 1 }, { name: { value: 'a', enumerable: true } }))).to.equal(
        '0a0161',
      );
    });

    it('refuses a oneof member beside the other fields, where other libraries place it', () => {
      expect(() => hex('Union', { text: 'x' })).to.throw(
        TypeError,
        /Union\.theContent: expected \{ case: 'text', value: \.\.\. \} here, as 'text' is in a oneof, got/,
      );
      expect(hex('Union', { text: undefined, before: 1 })).to.equal(hex('Union', { before: 1 }));
      expect(() => hex('Union', { tree: {}, before: 1 })).to.throw(TypeError, "case: 'tree'");
    });

    it('writes in field number order, including oneof members', () => {
      expect(hex('Union', { after: 1, theContent: { case: 'tree', value: {} }, before: 1 })).to.equal('280132003801');
      expect(hex('Union', { after: 1, theContent: { case: 'color', value: 1 }, before: 1 })).to.equal('280138014001');
    });

    it('packs lists unless the file disables it', () => {
      expect(hex('Lists', { int32Value: [1, 300], unpacked: [1, 2] })).to.equal('1a0301ac02880101880102');
      expect(old.Legacy.encode({ id: '', numbers: [1, 2], packedNumbers: [1, 2] }).toString('hex')).to.equal(
        '0a00600160026a020102',
      );
    });

    it('accepts numbers and bigints for 64-bit fields alike', () => {
      for (const number of [1, -1, 2 ** 32, -(2 ** 40), Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER]) {
        for (const field of ['int64Value', 'sint64Value', 'sfixed64Value']) {
          expect(hex('Scalars', { [field]: number })).to.equal(hex('Scalars', { [field]: BigInt(number) }));
        }
      }
    });

    it('accepts class instances and objects without prototype, and does not mistake inherited methods for fields', () => {
      class Node {
        get name(): string {
          return 'a';
        }
      }
      expect(hex('Tree', new Node())).to.equal('0a0161');
      expect(hex('Tree', Object.assign(Object.create(null), { name: 'a' }))).to.equal('0a0161');
      expect(hex('Awkward', {})).to.equal('');
    });

    it('is reentrant from a getter, and passes on its exception', () => {
      const inner = {
        get name() {
          return rich.Tree.encode({ name: 'bb' }).toString('hex');
        },
      };
      expect(rich.Tree.decode(rich.Tree.encode({ left: inner })).left.name).to.equal('0a026262');
      const broken = {
        get name() {
          throw new RangeError('mine');
        },
      };
      expect(() => rich.Tree.encode({ left: { left: broken } })).to.throw(RangeError, /^mine$/);
      expect(hex('Tree', { name: 'a' })).to.equal('0a0161');
    });

    it('names the field, the expected type and the value', () => {
      const int32 = 'an integer from -2147483648 to 2147483647';
      refuses('Scalars', { int32Value: 'x' }, `rich.Scalars.int32Value: expected ${int32}, got string "x"`);
      for (const value of [2 ** 31, -(2 ** 31) - 1, 1.5, NaN, Infinity]) {
        refuses('Scalars', { int32Value: value }, `rich.Scalars.int32Value: expected ${int32}, got number ${value}`);
        refuses('Scalars', { sint32Value: value }, `rich.Scalars.sint32Value: expected ${int32}, got number ${value}`);
        refuses(
          'Scalars',
          { sfixed32Value: value },
          `rich.Scalars.sfixed32Value: expected ${int32}, got number ${value}`,
        );
        refuses('Scalars', { color: value }, `rich.Scalars.color: expected ${int32}, got number ${value}`);
      }
      for (const field of ['uint32Value', 'fixed32Value']) {
        for (const value of [-1, 2 ** 32, 0.5]) {
          refuses(
            'Scalars',
            { [field]: value },
            `rich.Scalars.${field}: expected an integer from 0 to 4294967295, got number ${value}`,
          );
        }
      }
      const int64 = 'a bigint (or a safe integer) from -9223372036854775808 to 9223372036854775807';
      refuses(
        'Scalars',
        { int64Value: 2n ** 63n },
        `rich.Scalars.int64Value: expected ${int64}, got bigint 9223372036854775808n`,
      );
      refuses(
        'Scalars',
        { sint64Value: 2 ** 53 },
        `rich.Scalars.sint64Value: expected ${int64}, got number 9007199254740992`,
      );
      refuses('Scalars', { sfixed64Value: '1' }, `rich.Scalars.sfixed64Value: expected ${int64}, got string "1"`);
      const uint64 = 'a bigint (or a safe integer) from 0 to 18446744073709551615';
      refuses('Scalars', { uint64Value: -1n }, `rich.Scalars.uint64Value: expected ${uint64}, got bigint -1n`);
      refuses('Scalars', { fixed64Value: -1 }, `rich.Scalars.fixed64Value: expected ${uint64}, got number -1`);
      refuses(
        'Scalars',
        { fixed64Value: 2n ** 64n },
        `rich.Scalars.fixed64Value: expected ${uint64}, got bigint 18446744073709551616n`,
      );
      refuses('Scalars', { doubleValue: '1' }, 'rich.Scalars.doubleValue: expected a number, got string "1"');
      refuses(
        'Scalars',
        { floatValue: 1e39 },
        'rich.Scalars.floatValue: expected a number in the range of a float (32 bits), got number 1e+39',
      );
      refuses('Scalars', { boolValue: 1 }, 'rich.Scalars.boolValue: expected a boolean, got number 1');
      refuses('Scalars', { stringValue: 5n }, 'rich.Scalars.stringValue: expected a string, got bigint 5n');
      refuses('Scalars', { stringValue: null }, 'rich.Scalars.stringValue: expected a string, got null');
      refuses(
        'Scalars',
        { stringValue: '\uD800' },
        'rich.Scalars.stringValue: expected a string without lone surrogates, got string "\\ud800"',
      );
      refuses('Scalars', { bytesValue: [1] }, 'rich.Scalars.bytesValue: expected a Uint8Array, got array');
      refuses('Scalars', { color: 'RED' }, `rich.Scalars.color: expected ${int32}, got string "RED"`);
      refuses(
        'Scalars',
        { stringValue: 'x'.repeat(5).length },
        'rich.Scalars.stringValue: expected a string, got number 5',
      );
    });

    it('names the path to a nested field', () => {
      refuses(
        'Tree',
        { children: [{}, { left: { name: 1 } }] },
        'rich.Tree.children[1].left.name: expected a string, got number 1',
      );
      refuses('Tree', { children: [{}, undefined] }, 'rich.Tree.children[1]: expected an object, got undefined');
      refuses('Tree', { children: {} }, 'rich.Tree.children: expected an array, got object');
      refuses(
        'Lists',
        { int32Value: [1, 'x'] },
        'rich.Lists.int32Value[1]: expected an integer from -2147483648 to 2147483647, got string "x"',
      );
      refuses(
        'Maps',
        { trees: { 'a b': { name: 1 } } },
        'rich.Maps.trees["a b"].name: expected a string, got number 1',
      );
      refuses('Maps', { strings: new Map() }, 'rich.Maps.strings: expected an object, got Map');
      refuses(
        'Maps',
        { int32s: { x: 1n } },
        'rich.Maps.int32s["x"]: expected a decimal integer as the key, got string "x"',
      );
      refuses(
        'Maps',
        { int32s: { '01': 1n } },
        'rich.Maps.int32s["01"]: expected a decimal integer as the key, got string "01"',
      );
      refuses(
        'Maps',
        { int32s: { 2147483648: 1n } },
        'rich.Maps.int32s["2147483648"]: expected an integer from -2147483648 to 2147483647, got number 2147483648',
      );
      refuses(
        'Maps',
        { bools: { yes: 1 } },
        `rich.Maps.bools["yes"]: expected the key 'true' or 'false', got string "yes"`,
      );
      refuses(
        'Union',
        { theContent: { case: 'tree', value: { name: 1 } } },
        'rich.Union.theContent.value.name: expected a string, got number 1',
      );
      refuses(
        'Union',
        { theContent: { case: 'txt', value: '' } },
        `rich.Union.theContent.case: expected one of 'text', 'bigNumber', 'tree', 'color', 'raw', got string "txt"`,
      );
      refuses(
        'Union',
        { theContent: 'x' },
        'rich.Union.theContent: expected undefined or an object with case and value, got string "x"',
      );
      refuses('Rich', { tree: 'x' }, 'rich.Rich.tree: expected an object, got string "x"');
    });

    it('refuses a date, map or bytes for a message without fields', () => {
      refuses('Known', { timestamp: new Date() }, 'rich.Known.timestamp: expected an object, got Date');
      for (const [value, got] of [
        [null, 'null'],
        [undefined, 'undefined'],
        [5, 'number 5'],
        [[], 'array'],
        [new Map(), 'Map'],
        [Buffer.alloc(1), 'Buffer'],
      ] as const) {
        refuses('Tree', value, `rich.Tree: expected an object, got ${got}`);
      }
    });

    it('refuses more than 100 nested messages, and therefore a cycle', () => {
      const nested = (depth: number): object => (depth === 0 ? {} : { left: nested(depth - 1) });
      expect(rich.Tree.decode(rich.Tree.encode(nested(100)))).to.have.property('left');
      expect(() => rich.Tree.encode(nested(101))).to.throw(
        TypeError,
        /^rich\.Tree(\.left){101}: expected at most 100 nested messages/,
      );
      const cycle: { left?: object } = {};
      cycle.left = cycle;
      expect(() => rich.Tree.encode(cycle)).to.throw(TypeError, 'at most 100 nested messages');
    });

    it('refuses a proto2 message without its required fields, and values outside a closed enum', () => {
      expect(() => old.Legacy.encode({})).to.throw(
        TypeError,
        'old.Legacy.id: expected a value, as the field is required, got undefined',
      );
      expect(() => old.Legacy.encode({ id: '', size: 3 })).to.throw(
        TypeError,
        'old.Legacy.size: expected a number of the enum old.Size, got number 3',
      );
      expect(() => old.Legacy.encode({ id: '', byName: { a: 3 } })).to.throw(
        TypeError,
        'old.Legacy.byName["a"]: expected a number of the enum old.Size',
      );
    });

    it('always writes a given field that has a default of its own', () => {
      expect(old.Legacy.encode({ id: '', count: 42 }).toString('hex')).to.equal('0a00182a');
    });

    it('supports a message larger than its reusable writer', () => {
      const text = 'x'.repeat(1_000_000);
      expect(rich.Tree.decode(rich.Tree.encode({ name: text })).name).to.equal(text);
      expect(protobuf.Reader.create(rich.Tree.encode({ name: 'a' })).len).to.equal(3);
    });
  });
}
