import { deepStrictEqual } from 'node:assert';
import { expect } from 'chai';
import fc from 'fast-check';
import protobuf from 'protobufjs';
import { load } from '../../lib/index.ts';
import { anyMessage, oracle, protos } from '../codec/oracle.ts';

interface Codec {
  readonly typeName: string;
  encode(value: unknown): Buffer;
  decode(bytes: Uint8Array): unknown;
}

/** The result of a call, or the message of its error. */
function outcome<T>(run: () => T): T | string {
  try {
    return run();
  } catch (error) {
    expect(error).to.be.instanceOf(Error);
    return `${(error as Error).constructor.name}: ${(error as Error).message}`;
  }
}

/** Compares two values with the same keys in the same order, recursively. */
function same(actual: unknown, expected: unknown): void {
  deepStrictEqual(actual, expected);
  const keys = (value: unknown): unknown =>
    typeof value !== 'object' || value === null || value instanceof Uint8Array
      ? 0
      : Object.entries(value).map(([key, each]) => [key, keys(each)]);
  deepStrictEqual(keys(actual), keys(expected));
}

const wrong: readonly unknown[] = [
  -0,
  null,
  undefined,
  'x',
  '\uD800',
  '',
  -1,
  1.5,
  2 ** 31,
  2 ** 32,
  2 ** 53,
  1e39,
  2n ** 63n,
  2n ** 64n,
  -1n,
  true,
  [],
  [null],
  {},
  { x: null },
  { 1: 'x', '-1': 2, true: {} },
  { case: 'x' },
  { case: 'text', value: 1 },
  new Uint8Array(1),
  new Map(),
  () => 0,
];

describe('The codec of generated code', () => {
  for (const file of ['rich', 'old', 'edition']) {
    describe(`for ${file}.proto`, () => {
      const types: { type: protobuf.Type; ours: Codec; loaded: Codec }[] = [];
      before(async () => {
        const [root, loaded, generated] = await Promise.all([
          oracle(`${file}.proto`),
          load(`${protos}${file}.proto`),
          import(`./golden/codec/${file}.ts`),
        ]);
        for (const namespace of root.nestedArray) {
          if (!(namespace instanceof protobuf.Namespace) || namespace.name === 'google') continue;
          for (const type of messagesOf(namespace)) {
            const name = type.fullName.slice(1);
            types.push({ type, loaded: loaded[name], ours: generated[name.split('.').slice(1).join('_')] });
          }
        }
        expect(types).not.to.deep.equal([]);
      });

      it('writes the same bytes and reads the same values, in the same order, as load() does', () => {
        for (const { type, ours, loaded } of types) {
          const property = fc.property(anyMessage(type, 3), value => {
            const bytes = outcome(() => ours.encode(value));
            same(
              bytes,
              outcome(() => loaded.encode(value)),
            );
            if (typeof bytes !== 'string') same(ours.decode(bytes), loaded.decode(bytes));
          });
          fc.assert(property, { numRuns: 60 });
        }
      });

      it('reads malformed and concatenated messages like load()', () => {
        for (const { type, ours, loaded } of types) {
          const valid = { filter: (value: object) => typeof outcome(() => loaded.encode(value)) !== 'string' };
          const values = fc.sample(anyMessage(type, 2), { numRuns: 4, seed: 5 }).filter(valid.filter);
          const all = values.map(value => loaded.encode(value));
          for (const [i, bytes] of all.entries()) {
            const both = Buffer.concat([bytes, all[(i + 1) % all.length]!]);
            same(
              outcome(() => ours.decode(both)),
              outcome(() => loaded.decode(both)),
            );
            for (let at = 0; at < Math.min(bytes.length, 120); at++) {
              for (const flip of [1, 2, 5, 128]) {
                const changed = Buffer.from(bytes);
                changed[at]! ^= flip;
                same(
                  outcome(() => ours.decode(changed)),
                  outcome(() => loaded.decode(changed)),
                );
              }
              const cut = bytes.subarray(0, at);
              same(
                outcome(() => ours.decode(cut)),
                outcome(() => loaded.decode(cut)),
              );
            }
          }
        }
      });

      it('refuses what load() refuses, with the same message', () => {
        for (const { type, ours, loaded } of types) {
          const names = [...type.fieldsArray, ...type.oneofsArray].map(({ name }) => name);
          const required = Object.fromEntries(
            type.fieldsArray.filter(field => field.required).map(field => [field.name, '']),
          );
          for (const value of wrong) {
            same(
              outcome(() => ours.encode(value)),
              outcome(() => loaded.encode(value)),
            );
            same(
              outcome(() => ours.decode(value as never)),
              outcome(() => loaded.decode(value as never)),
            );
            for (const name of names) {
              for (const given of [value, [value], { a: value }, { 1: value }]) {
                const message = { ...required, [protobuf.util.camelCase(name)]: given };
                same(
                  outcome(() => ours.encode(message)),
                  outcome(() => loaded.encode(message)),
                );
              }
            }
          }
        }
      });
    });
  }
});

function messagesOf(namespace: protobuf.NamespaceBase): protobuf.Type[] {
  const types = namespace instanceof protobuf.Type ? [namespace] : [];
  for (const each of namespace.nestedArray) if (each instanceof protobuf.Namespace) types.push(...messagesOf(each));
  return types;
}
