import { deepStrictEqual } from 'node:assert';
import { expect } from 'chai';
import protobuf from 'protobufjs';
import { codecs } from './codecs.ts';

const bytes = (hex: string): Buffer => Buffer.from(hex.replaceAll(' ', ''), 'hex');

for (const { by, codecsOf } of codecs) {
  describe(`A decoded message, ${by}`, () => {
    let rich: any;
    let old: any;
    let edition: any;
    before(async () => {
      rich = await codecsOf('rich');
      old = await codecsOf('old');
      edition = await codecsOf('edition');
    });

    it('has every field, in declaration order, in a plain object', () => {
      deepStrictEqual(rich.Scalars.decode(bytes('')), {
        doubleValue: 0,
        floatValue: 0,
        int32Value: 0,
        int64Value: 0n,
        uint32Value: 0,
        uint64Value: 0n,
        sint32Value: 0,
        sint64Value: 0n,
        fixed32Value: 0,
        fixed64Value: 0n,
        sfixed32Value: 0,
        sfixed64Value: 0n,
        boolValue: false,
        stringValue: '',
        bytesValue: new Uint8Array(0),
        color: 0,
      });
      expect(Object.keys(rich.Union.decode(bytes('')))).to.deep.equal(['before', 'theContent', 'after']);
      expect(Object.keys(rich.Rich.decode(bytes('')))).to.deep.equal(
        'scalars optionals lists maps tree union far'.split(' '),
      );
    });

    it('has undefined for absent optional and message fields, but not for zero values', () => {
      const absent = rich.Optionals.decode(bytes(''));
      expect(Object.keys(absent)).to.have.length(7);
      expect(Object.values(absent)).to.deep.equal(new Array(7).fill(undefined));
      const zero = { doubleValue: 0, int32Value: 0, int64Value: 0n, boolValue: false, stringValue: '', color: 0 };
      deepStrictEqual(rich.Optionals.decode(rich.Optionals.encode(zero)), { ...absent, ...zero });
      deepStrictEqual(rich.Tree.decode(bytes('')), { name: '', left: undefined, children: [] });
    });

    it('shares no array, map or bytes with another message', () => {
      const [a, b] = [rich.Maps.decode(bytes('')), rich.Maps.decode(bytes(''))];
      a.strings['x'] = 'y';
      deepStrictEqual(b.strings, {});
      rich.Lists.decode(bytes('')).color.push(1);
      deepStrictEqual(rich.Lists.decode(bytes('')).color, []);
      old.Legacy.decode(bytes('0a00')).raw[0] = 0;
      deepStrictEqual(old.Legacy.decode(bytes('0a00')).raw, Uint8Array.from(Buffer.from('abcd')));
    });

    it('has copies of bytes fields, each with its own memory', () => {
      for (const length of [3, 300]) {
        const encoded: Buffer = rich.Scalars.encode({ bytesValue: new Uint8Array(length).fill(1) });
        const { bytesValue } = rich.Scalars.decode(encoded);
        encoded.fill(9);
        deepStrictEqual(bytesValue, new Uint8Array(length).fill(1));
        expect(bytesValue.buffer.byteLength).to.equal(length);
      }
    });

    it('has the last of several values of a scalar', () => {
      expect(rich.Scalars.decode(bytes('1801 1802 1803')).int32Value).to.equal(3);
      expect(rich.Scalars.decode(bytes('1801 1800')).int32Value).to.equal(0);
    });

    it('has the last of several members of a oneof, and merges messages of one member', () => {
      const text = rich.Union.encode({ theContent: { case: 'text', value: 'x' } });
      const named = rich.Union.encode({ theContent: { case: 'tree', value: { name: 'n' } } });
      const left = rich.Union.encode({ theContent: { case: 'tree', value: { left: { name: 'l' } } } });
      const decode = (...parts: Buffer[]): unknown => rich.Union.decode(Buffer.concat(parts)).theContent;
      const tree = { name: 'n', left: { name: 'l', left: undefined, children: [] }, children: [] };
      deepStrictEqual(decode(named, text), { case: 'text', value: 'x' });
      deepStrictEqual(decode(named, left), { case: 'tree', value: tree });
      deepStrictEqual(decode(named, text, left), { case: 'tree', value: { ...tree, name: '' } });
    });

    it('merges the parts of a message field, and concatenates lists', () => {
      const parts = [{ left: { name: 'a', children: [{ name: '1' }] } }, { left: { children: [{ name: '2' }] } }];
      const { left } = rich.Tree.decode(Buffer.concat(parts.map(rich.Tree.encode)));
      expect(left.name).to.equal('a');
      expect(left.children.map((child: any) => child.name)).to.deep.equal(['1', '2']);
    });

    it('reads lists from packed and unpacked parts alike', () => {
      deepStrictEqual(rich.Lists.decode(bytes('1801 1a020203 1804')).int32Value, [1, 2, 3, 4]);
      deepStrictEqual(rich.Lists.decode(bytes('8a0103010203')).unpacked, [1, 2, 3]);
      deepStrictEqual(rich.Lists.decode(bytes('2202 7f01 20ffffffffffffffffff01')).int64Value, [127n, 1n, -1n]);
      deepStrictEqual(rich.Lists.decode(bytes('6a04 00018001')).boolValue.length, 3);
    });

    it('reads packed varints of every length, at any position in the list', () => {
      const lengths = [1, 2 ** 7, 2 ** 14, 2 ** 21, 2 ** 28, 2 ** 31 - 1];
      for (const first of lengths) {
        for (const second of lengths) {
          const int32Value = [first, -first, second, first - 1];
          const uint32Value = [first * 2, second, first - 1];
          const lists = rich.Lists.decode(rich.Lists.encode({ int32Value, uint32Value }));
          deepStrictEqual([lists.int32Value, lists.uint32Value], [int32Value, uint32Value]);
        }
      }
      for (const hex of ['1a0180', '1a028080', '1a0401808080', '2a028080']) {
        expect(() => rich.Lists.decode(bytes(`${hex}00`))).to.throw(
          /^malformed rich\.Lists: at byte \d+: index out of range/,
        );
      }
    });

    it('keeps unknown values of an open enum', () => {
      expect(rich.Scalars.decode(bytes('8001 4d')).color).to.equal(77);
    });

    it('truncates a varint to the 32 bits of its field, and reads any non-zero value as true', () => {
      expect(rich.Scalars.decode(bytes('18 ffffffffffffffffff01')).int32Value).to.equal(-1);
      expect(rich.Scalars.decode(bytes('18 8180808010')).int32Value).to.equal(1);
      expect(rich.Scalars.decode(bytes('28 ffffffffffffffffff01')).uint32Value).to.equal(4294967295);
      expect(rich.Scalars.decode(bytes('68 80808080808080808001')).boolValue).to.equal(true);
      expect(rich.Scalars.decode(bytes('68 80808000')).boolValue).to.equal(false);
      expect(rich.Scalars.decode(bytes('20 8180808080808080807e')).int64Value).to.equal(1n);
    });

    it('has maps as plain objects, where __proto__ is an ordinary key', () => {
      const sent = JSON.parse('{"__proto__":"x","constructor":"y","a":"z"}');
      const { strings } = rich.Maps.decode(rich.Maps.encode({ strings: sent }));
      expect(Object.getPrototypeOf(strings)).to.equal(Object.prototype);
      deepStrictEqual(strings, sent);
      expect(Object.entries(strings)).to.deep.equal(Object.entries(sent));
      deepStrictEqual(rich.Maps.decode(rich.Maps.encode({ strings: { ...strings } })).strings, sent);
      Object.assign(strings, JSON.parse('{"__proto__":"changed"}')); // like an assignment to strings.__proto__
      delete strings['constructor'];
      deepStrictEqual(Object.entries(strings), [
        ['__proto__', 'changed'],
        ['a', 'z'],
      ]);
    });

    it('does not set the prototype of an object by a __proto__ key in a map of messages', () => {
      const sent = JSON.parse('{"__proto__":{"name":"polluted"}}');
      const { trees } = rich.Maps.decode(rich.Maps.encode({ trees: sent }));
      expect(Object.getPrototypeOf(trees)).to.equal(Object.prototype);
      expect(trees.name).to.equal(undefined);
      expect(({} as any).name).to.equal(undefined);
      expect(Object.getOwnPropertyDescriptor(trees, '__proto__')!.value.name).to.equal('polluted');
    });

    it('has decimal strings for 64-bit map keys, and true and false for booleans', () => {
      const value = {
        int64s: { '-9223372036854775808': Uint8Array.of(1) },
        uint64s: { '18446744073709551615': true },
        bools: { true: 1, false: 2 },
      };
      const decoded = rich.Maps.decode(rich.Maps.encode(value));
      deepStrictEqual(decoded.int64s, value.int64s);
      deepStrictEqual(decoded.uint64s, value.uint64s);
      deepStrictEqual(decoded.bools, value.bools);
    });

    it('has defaults for a missing key or value of a map entry, and the last of equal keys', () => {
      deepStrictEqual(rich.Maps.decode(bytes('0a00')).strings, { '': '' });
      deepStrictEqual(rich.Maps.decode(bytes('1200')).int32s, { 0: 0n });
      deepStrictEqual(rich.Maps.decode(bytes('3200')).trees, { '': { name: '', left: undefined, children: [] } });
      deepStrictEqual(rich.Maps.decode(bytes('0a06 0a0161 120178 0a06 0a0161 120179')).strings, { a: 'y' });
      deepStrictEqual(rich.Maps.decode(bytes('0a08 1801 0a0161 120178')).strings, { a: 'x' });
    });

    it('is safe with fields named __proto__, constructor or like a method of Object', () => {
      const decoded = rich.Awkward.decode(rich.Awkward.encode({ constructor: 'c', _Proto__: 'p' }));
      expect(Object.getPrototypeOf(decoded)).to.equal(Object.prototype);
      expect(Object.keys(decoded)).to.deep.equal(['_Proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf']);
      expect(decoded._Proto__).to.equal('p');
      expect(decoded.constructor).to.equal('c');
      deepStrictEqual([...rich.Awkward.encode({})], []);
    });

    it('omits unknown fields, including groups', () => {
      const known = rich.Newer.encode({ text: 'a' });
      for (const unknown of ['5001', '51 0000000000000000', '5202 6162', '55 00000000', '53 0801 5b5c 1201 61 54']) {
        deepStrictEqual(rich.Newer.decode(Buffer.concat([bytes(unknown), known, bytes(unknown)])), {
          text: 'a',
          sub: undefined,
        });
      }
    });

    it('treats a field of another wire type as unknown', () => {
      deepStrictEqual(rich.Newer.decode(bytes('0801 1500000000 0a0161')), { text: 'a', sub: undefined });
      deepStrictEqual(rich.Scalars.decode(bytes('1a0101')).int32Value, 0);
      deepStrictEqual(rich.Lists.decode(bytes('1d 00000000')).int32Value, []);
    });

    it('may come from a Uint8Array that is a view of a larger buffer', () => {
      const whole = Uint8Array.of(9, 9, 0x0a, 1, 0x61, 9);
      deepStrictEqual(rich.Newer.decode(whole.subarray(2, 5)).text, 'a');
      expect(() => rich.Newer.decode('x')).to.throw(
        TypeError,
        'rich.Newer: expected the bytes of a message (a Uint8Array), got string "x"',
      );
    });

    describe('of proto2', () => {
      it('has declared defaults, and undefined without one', () => {
        deepStrictEqual(old.Legacy.decode(bytes('0a0178')), {
          id: 'x',
          plain: undefined,
          count: 42,
          greeting: 'hello',
          big: -7n,
          raw: Uint8Array.from(Buffer.from('abcd')),
          size: 2,
          flag: true,
          ratio: Math.fround(0.1),
          plainSize: undefined,
          sizes: [],
          numbers: [],
          packedNumbers: [],
          part: undefined,
          byName: {},
          row: [],
        });
      });

      it('is refused when a required field is missing', () => {
        expect(() => old.Legacy.decode(bytes('1001'))).to.throw(
          'malformed old.Legacy: at byte 2: the required field old.Legacy.id is missing',
        );
      });

      it('omits unknown values of a closed enum, also in lists and maps', () => {
        const decoded = old.Legacy.decode(
          bytes('0a0178 3809 5009 5801 5809 5802 5a03010902 7a05 0a0161 1009 7a05 0a0162 1001'),
        );
        expect(decoded.size).to.equal(2);
        expect(decoded.plainSize).to.equal(undefined);
        deepStrictEqual(decoded.sizes, [1, 2, 1, 2]);
        deepStrictEqual(decoded.byName, { b: 1 });
      });

      it('reads nested groups, and is refused when one does not end', () => {
        const value = { id: 'x', part: { name: 'a', again: { name: 'b' } }, row: [{ cell: 1 }, { cell: 2 }] };
        const encoded: Buffer = old.Legacy.encode(value);
        const decoded = old.Legacy.decode(encoded);
        expect(decoded.part.again.name).to.equal('b');
        expect(decoded.row).to.deep.equal([{ cell: 1 }, { cell: 2 }]);
        expect(() => old.Legacy.decode(bytes('0a0178 73'))).to.throw('a group does not end');
        expect(() => old.Legacy.decode(bytes('0a0178 74'))).to.throw('malformed old.Legacy');
      });

      it('accepts strings that are not UTF-8, and skips extensions', () => {
        expect(old.Legacy.decode(bytes('0a01ff')).id).to.equal('\uFFFD');
        expect(old.Legacy.decode(bytes('0a0178 a206 0161'))).not.to.have.property('note');
      });
    });

    describe('of an edition', () => {
      it('follows the features of its fields', () => {
        const decoded = edition.Modern.decode(bytes('1a00'));
        expect(decoded).to.include({ explicit: undefined, implicit: '', must: '' });
        const value = {
          must: 'm',
          explicit: '',
          implicit: '',
          packed: [1, 2],
          expanded: [1, 2],
          delimited: { must: '' },
        };
        expect(edition.Modern.encode(value).toString('hex')).to.equal(
          '0a00' + '1a016d' + '22020102' + '28012802' + '331a0034',
        );
        expect(edition.Modern.decode(edition.Modern.encode(value)).delimited.must).to.equal('');
        expect(edition.Modern.decode(bytes('1a00 3a01ff')).unverified).to.equal('\uFFFD');
        expect(() => edition.Modern.decode(bytes('1a01ff'))).to.throw('malformed edition.Modern');
      });
    });

    describe('malformed', () => {
      const fails = (hex: string, why: RegExp, name = 'Newer'): void => {
        expect(() => rich[name].decode(bytes(hex)))
          .to.throw(why)
          .with.property('cause')
          .instanceOf(Error);
      };

      it('reports what and where: truncation, a length beyond the end, field number 0, bad wire types, endless varints', () => {
        fails('0a', /^malformed rich\.Newer: at byte 1: index out of range/);
        fails('0a0561', /^malformed rich\.Newer: at byte 2: index out of range/);
        fails('1204 0a0561 62', /index out of range/); // only the inner length exceeds the end of the inner message
        fails('00', /field number 0/);
        fails('0201 61', /field number 0/);
        fails('0e', /invalid wire type 6/);
        fails('0c', /invalid wire type 4/);
        fails('ffffffffffff01', /invalid tag/);
        fails('0affffffff0f', /invalid length|out of range/);
        fails(`18${'80'.repeat(10)}01`, /invalid varint/, 'Scalars');
        fails(`20${'80'.repeat(10)}01`, /invalid varint/, 'Scalars');
        fails('1a0380', /out of range/, 'Lists');
        fails('1a0180', /out of range/, 'Lists');
        fails('0a07 01020304050607', /out of range/, 'Lists');
      });

      it('refuses strings that are not UTF-8, short and long', () => {
        fails('0a01ff', /^malformed rich\.Newer: .*utf-8/i);
        fails('0a03eda080', /utf-8/i);
        fails(`0a20${'61'.repeat(31)}c3`, /utf-8/i);
        fails(`0a7f${'61'.repeat(126)}80`, /utf-8/i);
        expect(rich.Newer.decode(rich.Newer.encode({ text: '\uFFFD'.repeat(10) })).text).to.equal('\uFFFD'.repeat(10));
      });

      it('refuses more than 100 nested messages', () => {
        const nested = (depth: number): Buffer => {
          let inner = protobuf.Writer.create().finish();
          for (let i = 0; i < depth; i++) inner = protobuf.Writer.create().uint32(18).bytes(inner).finish();
          return inner as Buffer;
        };
        expect(rich.Tree.decode(nested(100))).to.have.property('left');
        expect(() => rich.Tree.decode(nested(101))).to.throw('more than 100 nested messages');
        expect(() => rich.Tree.decode(Buffer.alloc(100_000, 0x53))).to.throw(/^malformed rich.Tree: .*depth/);
      });
    });
  });
}
