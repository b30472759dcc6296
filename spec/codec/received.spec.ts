import { expect } from 'chai';
import fc from 'fast-check';
import protobuf from 'protobufjs/minimal.js';
import { from, lastValueFrom, map, pipe, toArray } from 'rxjs';
import { decoderOf } from '../../lib/codec/received.ts';
import { method } from '../../lib/generated.ts';
import { BytesValue } from '../../lib/google/protobuf/wrappers.ts';
import { close, connect, implement, load, type Method, serve } from '../../lib/index.ts';

const { Files, Part } = await load('protos/files.proto');

type Bytes = (bytes: Buffer) => Uint8Array;

/** A message with `bytes` as its transport delivers it: in its own buffer, after the five bytes of its frame. */
function framed(message: Buffer, room = 5): Buffer {
  const memory = new ArrayBuffer(room + message.length);
  const own = Buffer.from(memory, room);
  message.copy(own);
  return own;
}

const part = (length: number): Buffer => Part.encode({ part: { case: 'data', value: new Uint8Array(length).fill(7) } });
const value = (length: number): Buffer => BytesValue.encode({ value: new Uint8Array(length).fill(7) });
const { requestDeserialize }: Method<any> = method('/a.B/C', true, true, BytesValue, () => BytesValue);

const readers: readonly (readonly [
  name: string,
  encode: (length: number) => Buffer,
  received: Bytes,
  decoded: Bytes,
])[] = [
  ['load()', part, bytes => Files.upload.requestDeserialize(bytes).part.value, bytes => Part.decode(bytes).part.value],
  ['generated code', value, bytes => requestDeserialize(bytes).value, bytes => BytesValue.decode(bytes).value],
];

for (const [name, encode, received, decoded] of readers) {
  describe(`The bytes of a received message, by ${name}`, () => {
    it('are a view when they are at least half of its buffer, and a copy when they are less', () => {
      const message = encode(5000);
      const rest = message.length - 5000;
      for (const [room, isView] of [
        [5, true],
        [5000 - rest, true],
        [5001 - rest, false],
      ] as const) {
        const bytes = framed(message, room);
        const read = received(bytes);
        expect(read).to.deep.equal(new Uint8Array(5000).fill(7));
        expect(read.constructor).to.equal(Uint8Array);
        expect(read.buffer === bytes.buffer, `room for ${room}`).to.equal(isView);
        if (!isView) expect(read.buffer.byteLength).to.equal(5000);
      }
    });

    it('are a copy in a message below 4 KiB, whose buffer may be part of a pool', () => {
      const rest = encode(4000).length - 4000;
      const [small, large] = [4095, 4096].map(length => framed(encode(length - rest), 0)) as [Buffer, Buffer];
      expect([small.length, large.length]).to.deep.equal([4095, 4096]);
      expect(received(small).buffer).to.not.equal(small.buffer);
      expect(received(large).buffer).to.equal(large.buffer);
    });

    it('are a copy in the result of decode(), also after a message that could not be read', () => {
      const bytes = framed(encode(5000));
      expect(decoded(bytes).buffer).to.not.equal(bytes.buffer);
      const broken = framed(encode(5000)).subarray(0, -1);
      expect(() => received(broken)).to.throw('malformed');
      const whole = Buffer.from(broken.buffer, 5);
      expect(decoded(whole).buffer).to.not.equal(broken.buffer);
    });
  });
}

for (const [name, encode, deserialize] of [
  ['load()', part, Files.upload.requestDeserialize],
  ['generated code', value, requestDeserialize],
] as const) {
  describe(`A message among others in one buffer, by ${name}`, () => {
    /** The result of decoding: the message, or the text of its error. */
    const outcome = (decode: () => unknown): unknown => {
      try {
        return decode();
      } catch (error) {
        return String(error);
      }
    };

    /** Decodes a message that is stored between two others. */
    function decodedAmong(message: Buffer): { readonly outcome: unknown; readonly memory: Buffer } {
      const around = encode(20);
      const memory = Buffer.concat([around, message, around]);
      const reader = protobuf.Reader.create(memory);
      reader.pos = around.length;
      reader.len = around.length + message.length;
      return { outcome: outcome(() => decoderOf(deserialize)!(reader)), memory };
    }

    it('decodes to the same message, or fails with the same error', () => {
      const alone = (message: Buffer) => outcome(() => deserialize(message));
      fc.assert(
        fc.property(
          fc.oneof(fc.nat(20), fc.constantFrom(64, 65, 4000, 4096)),
          fc.nat(),
          fc.nat(255),
          (size, at, byte) => {
            const message = encode(size);
            const cut = message.subarray(0, at % (message.length + 1));
            const changed = Buffer.from(message);
            if (message.length > 0) changed[at % Math.min(message.length, 8)] = byte;
            for (const each of [message, cut, changed]) {
              expect(decodedAmong(each).outcome).to.deep.equal(alone(each));
            }
          },
        ),
        { numRuns: 300 },
      );
    });

    it('fails with offsets relative to its beginning', () => {
      const message = encode(10).subarray(0, -1);
      expect(decodedAmong(message).outcome).to.match(/at byte \d: index out of range: \d \+ 10 > \d\d$/);
    });

    it('retains no part of that buffer', () => {
      for (const size of [1, 64, 65, 4000]) {
        const { outcome: found, memory } = decodedAmong(encode(size));
        const before = structuredClone(found);
        memory.fill(0xff);
        expect(found).to.deep.equal(before);
      }
    });
  });
}

it('A foreign deserializer has no decoder for batches', () => {
  expect(decoderOf(bytes => bytes)).to.equal(undefined);
});

describe('The bytes of large messages', () => {
  it('each have a buffer of their own, on both sides of the wire', async () => {
    const seen: Uint8Array[] = [];
    const Echo = { echo: method('/a.B/Echo', true, true, BytesValue, BytesValue) };
    const server = await serve(
      'http://127.0.0.1:0',
      implement(Echo, {
        echo: pipe(
          map(({ value: bytes }) => {
            seen.push(bytes);
            return { value: bytes };
          }),
        ),
      }),
    );
    const client = connect(Echo, server.target);
    const sent = [1, 2, 3].map(n => ({ value: new Uint8Array(40_000).fill(n) }));
    const back = await lastValueFrom(client.echo(from(sent)).pipe(toArray()));
    close(client);
    await server.shutdown();
    expect(back).to.deep.equal(sent);
    const all = [...seen, ...back.map(each => each.value)];
    expect(new Set([...sent.map(each => each.value), ...all].map(bytes => bytes.buffer)).size).to.equal(9);
    for (const bytes of all) expect(bytes.buffer.byteLength).to.be.within(40_001, 40_100);
  });
});
