// Imports the inner class Joined: whether its memory is reused cannot be observed from outside.
import { expect } from 'chai';
import fc from 'fast-check';
import type protobuf from 'protobufjs';
import { Joined } from '../../lib/grpc-js/joined.ts';
import { message } from './raw-peer.ts';

/** Encodes bytes unchanged. */
const raw = (writer: protobuf.Writer, bytes: Uint8Array): void => void writer.raw(bytes);

/** Writes half a message, then throws. */
function broken(writer: protobuf.Writer): void {
  writer.uint32(10).fork().string('half');
  throw new Error('not a message');
}

/** The bytes that grpc-js puts on the wire. */
function framed(joined: Joined): Buffer {
  const frame = Buffer.alloc(joined.length + 5, 0xee);
  frame.writeUInt32BE(joined.length, 1);
  joined.copy(frame, 5);
  return frame;
}

/** The Writer that holds the messages. */
function writerOf(joined: Joined): protobuf.Writer {
  let found: protobuf.Writer | undefined;
  joined.encode(writer => {
    found = writer;
  }, undefined);
  return found!;
}

const fill = (joined: Joined, bytes: number): void => joined.push(Buffer.alloc(bytes, 1));

describe('Joined', () => {
  it('has the bytes of separate messages on the wire, however each was added', () => {
    const messages = fc.array(fc.tuple(fc.constantFrom('push', 'encode'), fc.uint8Array({ maxLength: 3000 })), {
      minLength: 1,
    });
    fc.assert(
      fc.property(messages, fc.nat(4096), (all, expectedBytes) => {
        const joined = new Joined(expectedBytes);
        for (const [how, bytes] of all) {
          if (how === 'push') joined.push(bytes);
          else {
            expect(joined.encode(raw, bytes)).to.equal(bytes.length);
            joined.keep();
          }
        }
        const expected = Buffer.concat(all.map(([, bytes]) => message(Buffer.from(bytes))));
        expect(framed(joined).equals(expected)).to.equal(true);
        expect(joined.byteLength).to.equal(expected.length - 5);
        expect(joined.count).to.equal(all.length);
        expect(joined.messageBytes).to.equal(all.reduce((sum, [, { length }]) => sum + length, 0));
        joined.giveBack();
      }),
    );
  });

  it('writes lengths of four bytes', () => {
    const joined = new Joined();
    fill(joined, 0x01_02_03);
    expect([...framed(joined).subarray(0, 6)]).to.deep.equal([0, 0, 1, 2, 3, 1]);
  });

  it('drops a message that is not kept, and returns it', () => {
    for (const size of [1, 100_000]) {
      const joined = new Joined();
      joined.push(Buffer.of(1));
      joined.encode(raw, Buffer.alloc(size, 2));
      const back = joined.takeBack();
      expect(back.equals(Buffer.alloc(size, 2)), `${size}`).to.equal(true);
      expect([joined.count, joined.messageBytes, [...framed(joined)]]).to.deep.equal([
        1,
        1,
        [...message(Buffer.of(1))],
      ]);
    }
  });

  it('keeps the messages before one that cannot be encoded, and accepts none after it', () => {
    const joined = new Joined();
    joined.push(Buffer.of(1));
    expect(joined.isEncoding).to.equal(false);
    expect(() => joined.encode(broken, undefined)).to.throw('not a message');
    expect(joined.isEncoding).to.equal(true);
    expect([joined.count, [...framed(joined)]]).to.deep.equal([1, [...message(Buffer.of(1))]]);
  });

  it('reuses memory that was returned, and no other', () => {
    const first = new Joined(4096);
    const second = new Joined(4096);
    const writers = [writerOf(first), writerOf(second)];
    expect(writers[0]).not.to.equal(writers[1]);
    first.giveBack();
    const third = new Joined(4096);
    expect(writerOf(third)).to.equal(writers[0]);
    expect(third.count, 'it begins empty').to.equal(0);
  });

  it('allocates memory when few bytes are expected', () => {
    const first = new Joined(1023);
    const writer = writerOf(first);
    first.giveBack();
    expect(writerOf(new Joined(1023))).not.to.equal(writer);
    expect(writerOf(new Joined(1024))).to.equal(writer);
  });

  for (const [what, use] of [
    ['a message could not be encoded into', (joined: Joined) => expect(() => joined.encode(broken, 0)).to.throw()],
    ['holds more than 32 KiB', (joined: Joined) => fill(joined, 32_768)],
    [
      'contained a large message that was returned',
      (joined: Joined) => {
        joined.encode(raw, Buffer.alloc(16_385));
        joined.takeBack();
      },
    ],
  ] as const) {
    it(`does not reuse memory that ${what}`, () => {
      const joined = new Joined(4096);
      const writer = writerOf(joined);
      use(joined);
      joined.giveBack();
      for (let i = 0; i < 20; i++) expect(writerOf(new Joined(4096))).not.to.equal(writer);
    });
  }

  it('keeps at most 16 buffers', () => {
    const all = Array.from({ length: 40 }, () => new Joined(4096));
    const writers = new Set(all.map(writerOf));
    for (const joined of all) joined.giveBack();
    const again = Array.from({ length: 40 }, () => writerOf(new Joined(4096)));
    expect(again.filter(writer => writers.has(writer))).to.have.lengthOf(16);
  });

  it('returns a small message in memory of its own', () => {
    const joined = new Joined(4096);
    joined.encode(raw, Buffer.alloc(16_384, 7));
    const back = joined.takeBack();
    joined.giveBack();
    fill(new Joined(4096), 20_000);
    expect(back.equals(Buffer.alloc(16_384, 7))).to.equal(true);
  });
});
