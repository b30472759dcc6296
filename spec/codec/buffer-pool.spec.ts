import { expect } from 'chai';
import { giveBack, lending, MAX_LENT_BYTES, MAX_SPARE, MIN_LENT_BYTES } from '../../lib/codec/buffer-pool.ts';
import { method } from '../../lib/generated.ts';
import { BytesValue } from '../../lib/google/protobuf/wrappers.ts';
import { load, type Method } from '../../lib/index.ts';

const { Files } = await load('protos/files.proto');
const { responseSerialize }: Method<any, any> = method('/a.B/C', true, true, BytesValue, () => BytesValue);

const serializers: readonly (readonly [by: string, serialize: (bytes: Uint8Array) => Buffer])[] = [
  ['load()', bytes => lending(Files.upload.requestSerialize)({ part: { case: 'data', value: bytes } })],
  ['generated code', bytes => lending(responseSerialize)({ value: bytes })],
];

/** The length of the bytes field in a message of this length, without tag and length prefix. */
const bytesFor = (length: number): Uint8Array => new Uint8Array(length - (length < 16_388 ? 3 : 4));

/** Node's pool may place both parts in one ArrayBuffer. */
const isOverlapping = (a: Uint8Array, b: Uint8Array): boolean =>
  a.buffer === b.buffer && a.byteOffset < b.byteOffset + b.byteLength && b.byteOffset < a.byteOffset + a.byteLength;

/** Takes buffers that other specs returned, and leaves them to the garbage collector. */
function takeAllSpare(): void {
  for (const length of [MIN_LENT_BYTES, MIN_LENT_BYTES * 2, MIN_LENT_BYTES * 4, MAX_LENT_BYTES]) {
    for (let i = 0; i < MAX_SPARE; i++) lending(responseSerialize)({ value: bytesFor(length) });
  }
}

for (const [by, serialize] of serializers) {
  describe(`Pooled bytes of a message, by ${by}`, () => {
    beforeEach(takeAllSpare);
    const lend = (length: number, filling = 7): Buffer => {
      const bytes = serialize(bytesFor(length).fill(filling));
      expect(bytes.length).to.equal(length);
      return bytes;
    };

    it('are in the buffer of a returned message, and are the complete message', () => {
      const first = lend(65_536, 1);
      giveBack(first);
      const second = lend(65_000, 2);
      expect(second.buffer).to.equal(first.buffer);
      expect(second.subarray(4)).to.deep.equal(Buffer.alloc(64_996, 2));
    });

    it('are in a new buffer until one is returned', () => {
      const messages = [1, 2, 3].map(n => lend(20_000, n));
      expect(new Set(messages.map(each => each.buffer)).size).to.equal(3);
      for (const [i, each] of messages.entries()) expect(each[4]).to.equal(i + 1);
    });

    it('use one buffer for a thousand messages of similar size, one after another', () => {
      const memories = new Set<ArrayBufferLike>();
      for (let i = 0; i < 1000; i++) {
        const bytes = lend(64_513 + i);
        memories.add(bytes.buffer);
        giveBack(bytes);
      }
      expect(memories.size).to.equal(1);
    });

    it('contain the value at the time of encoding', () => {
      const value = new Uint8Array(20_000).fill(1);
      const bytes = serialize(value);
      value.fill(2);
      expect(bytes.at(-1)).to.equal(1);
    });

    it('are returned once: two messages never share a buffer', () => {
      const bytes = lend(20_000);
      giveBack(bytes);
      giveBack(bytes);
      expect(lend(20_000).buffer).to.not.equal(lend(20_000).buffer);
      giveBack(bytes); // another message uses its buffer now
      expect(lend(20_000).buffer).to.not.equal(bytes.buffer);
    });

    it('are used for messages from 16 to 128 KiB', () => {
      for (const [length, isLent] of [
        [MIN_LENT_BYTES - 1, false],
        [MIN_LENT_BYTES, true],
        [MAX_LENT_BYTES, true],
        [MAX_LENT_BYTES + 1, false],
      ] as const) {
        const bytes = lend(length);
        giveBack(bytes);
        const next = lend(length);
        // Two small messages may be in one pool of Node's, at different offsets.
        const isSame = next.buffer === bytes.buffer && next.byteOffset === bytes.byteOffset;
        expect(isSame, `${length} bytes`).to.equal(isLent);
      }
    });

    it('are never in a buffer larger than twice the message, nor in one that is too small', () => {
      for (const [length, fits] of [
        [65_536, true],
        [65_537, false],
        [32_768, true],
        [32_767, false],
      ] as const) {
        takeAllSpare();
        const bytes = lend(65_536);
        giveBack(bytes);
        expect(lend(length).buffer === bytes.buffer, `${length} bytes`).to.equal(fits);
      }
    });

    it('leave at most 16 free buffers, those returned last', () => {
      const messages = Array.from({ length: MAX_SPARE + 1 }, () => lend(20_000));
      for (const bytes of messages) giveBack(bytes);
      const again = new Set(messages.map(() => lend(20_000).buffer));
      expect(messages.map(({ buffer }) => again.has(buffer))).to.deep.equal([false, ...Array(MAX_SPARE).fill(true)]);
    });
  });
}

describe('Bytes that are not pooled', () => {
  beforeEach(takeAllSpare);

  it('are those of the serializer itself and of encode()', () => {
    const value = { value: new Uint8Array(20_000) };
    for (const encode of [responseSerialize, BytesValue.encode]) {
      const bytes = encode(value);
      giveBack(bytes);
      expect(isOverlapping(encode(value), bytes)).to.equal(false);
      expect(isOverlapping(lending(responseSerialize)(value), bytes)).to.equal(false);
    }
  });

  it('are those of a foreign serializer', () => {
    const foreign = (): Buffer => Buffer.alloc(20_000);
    expect(lending(foreign)).to.equal(foreign);
  });

  it('are those that a getter encodes inside a pooled message', () => {
    let inner: Buffer | undefined;
    const outer = lending(responseSerialize)({
      get value() {
        inner ??= BytesValue.encode({ value: new Uint8Array(20_000).fill(1) });
        return inner;
      },
    });
    giveBack(inner!);
    giveBack(outer);
    expect(lending(responseSerialize)({ value: new Uint8Array(20_000) }).buffer).to.equal(outer.buffer);
    expect(inner!.at(-1)).to.equal(1);
  });
});
