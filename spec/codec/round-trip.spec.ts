import { deepStrictEqual } from 'node:assert';
import { expect } from 'chai';
import fc from 'fast-check';
import type protobuf from 'protobufjs';
import { codecs } from './codecs.ts';
import { anyMessage, asOurs, asTheirs, oracle } from './oracle.ts';

for (const { by, codecsOf } of codecs) {
  describe(`The codec ${by}, with protobufjs as its oracle`, () => {
    let ours: any;
    let theirs: protobuf.Root;
    before(async () => {
      ours = await codecsOf('rich');
      theirs = await oracle('rich.proto');
    });

    for (const name of ['Scalars', 'Optionals', 'Lists', 'Maps', 'Tree', 'Union', 'Rich']) {
      it(`writes the same bytes and reads the same values: ${name}`, () => {
        const type = theirs.lookupType(`rich.${name}`);
        const codec = ours[name];
        const property = fc.property(anyMessage(type), value => {
          const bytes = codec.encode(value);
          // Map entries are unordered, but both libraries follow Object.keys.
          deepStrictEqual(
            bytes.toString('hex'),
            Buffer.from(type.encode(asTheirs(type, value)).finish()).toString('hex'),
          );
          const decoded = codec.decode(bytes);
          deepStrictEqual(decoded, asOurs(type, type.decode(bytes)));
          deepStrictEqual(codec.encode(decoded).toString('hex'), bytes.toString('hex'));
        });
        fc.assert(property, { numRuns: 150 });
      });
    }

    it('reads every prefix of a message, and every message with a changed byte, or fails with its own error', () => {
      const type = theirs.lookupType('rich.Rich');
      // Compared without expect(), which would dominate the run time of so many reads.
      const isOurs = (error: unknown): boolean =>
        error instanceof Error &&
        /^malformed rich\.Rich: at byte \d+: ./.test(error.message) &&
        error.cause instanceof Error;
      const read = (bytes: Uint8Array): void => {
        try {
          ours.Rich.decode(bytes);
        } catch (error) {
          if (!isOurs(error)) expect.fail(`${Buffer.from(bytes).toString('hex')}: ${error}`);
        }
      };
      // The work grows with the square of the length, so these are the shortest messages that cover every field.
      const sampled = fc.sample(anyMessage(type), { numRuns: 60, seed: 7 });
      const messages = sampled.map((value): Buffer => ours.Rich.encode(value)).sort((a, b) => a.length - b.length);
      const shortest = messages.slice(0, 12);
      const fields = new Set(shortest.flatMap(bytes => Object.keys(type.decode(bytes))));
      expect([...fields]).to.have.members(type.fieldsArray.map(({ name }) => name));
      for (const bytes of shortest) {
        for (let end = 0; end <= bytes.length; end++) read(bytes.subarray(0, end));
        for (let at = 0; at < bytes.length; at++) {
          for (const flip of [1, 4, 128, 255]) {
            const changed = Buffer.from(bytes);
            changed[at]! ^= flip;
            read(changed);
          }
        }
      }
    });

    it('reads and writes the limits of every scalar type', () => {
      const type = theirs.lookupType('rich.Scalars');
      const int32s = [0, 1, -1, 2 ** 31 - 1, -(2 ** 31)];
      const uint32s = [0, 1, 127, 128, 2 ** 31, 2 ** 32 - 1];
      const int64s = [0n, 1n, -1n, 2n ** 31n, 2n ** 32n, -(2n ** 32n), 2n ** 53n, 2n ** 63n - 1n, -(2n ** 63n)];
      const uint64s = [0n, 1n, 2n ** 32n - 1n, 2n ** 32n, 2n ** 35n, 2n ** 63n, 2n ** 64n - 1n];
      const limits: Record<string, readonly unknown[]> = {
        doubleValue: [0, -0, NaN, Infinity, -Infinity, Number.MAX_VALUE, Number.MIN_VALUE, 0.1],
        floatValue: [0, -0, NaN, Infinity, -Infinity, 2 ** -149, 3.4028234663852886e38, 0.5],
        int32Value: int32s,
        sint32Value: int32s,
        sfixed32Value: int32s,
        uint32Value: uint32s,
        fixed32Value: uint32s,
        int64Value: int64s,
        sint64Value: int64s,
        sfixed64Value: int64s,
        uint64Value: uint64s,
        fixed64Value: uint64s,
        boolValue: [true, false],
        stringValue: [
          '',
          'a',
          'a'.repeat(15),
          'a'.repeat(16),
          'a'.repeat(127),
          'é'.repeat(500),
          '\u{1F600}',
          '\uFFFD'.repeat(20),
          '\0',
          '\uFEFFx',
        ],
        bytesValue: [0, 1, 64, 65, 200, 20_000].map(length => new Uint8Array(length).fill(200)),
        color: [0, 1, -5, 77, 2 ** 31 - 1, -(2 ** 31)],
      };
      for (const [field, values] of Object.entries(limits)) {
        for (const value of values) {
          const bytes = ours.Scalars.encode({ [field]: value });
          deepStrictEqual(
            bytes,
            Buffer.from(type.encode(asTheirs(type, { [field]: value })).finish()),
            `${field} ${value}`,
          );
          deepStrictEqual(ours.Scalars.decode(bytes)[field], value, `${field} ${value}`);
        }
      }
    });
  });
}
