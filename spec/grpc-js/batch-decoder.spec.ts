import { StreamDecoder } from '@grpc/grpc-js/build/src/stream-decoder.js';
import { expect } from 'chai';
import fc from 'fast-check';
import { Batch, BatchDecoder } from '../../lib/grpc-js/batch-decoder.ts';

const NO_LIMIT = -1;

/** A message framed for the wire. */
function frame(message: Buffer, flag = 0): Buffer {
  const prefix = Buffer.alloc(5, flag);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}

/** Messages of these sizes, each with different bytes. */
const messages = (...sizes: number[]): Buffer[] => sizes.map((size, n) => Buffer.alloc(size, n + 1));

/** The frames as grpc-js yields them, whether they are decoded singly or in batches. */
function flat(found: readonly (Buffer | Batch)[]): Buffer[] {
  return found.flatMap(each => {
    if (!(each instanceof Batch)) return [each];
    const frames: Buffer[] = [];
    while (each.size > 0) frames.push(frame(each.shift()));
    return frames;
  });
}

/** The frames decoded from data that arrives in pieces, cut at these offsets. */
function decoded(
  decoder: { write(data: Buffer): (Buffer | Batch)[]; readState: number },
  data: Buffer,
  cuts: readonly number[],
) {
  const edges = [0, ...cuts, data.length];
  const frames = edges.slice(1).flatMap((end, i) => flat(decoder.write(data.subarray(edges[i], end))));
  return { frames: frames.map(each => each.toString('hex')), isBetween: decoder.readState === 0 };
}

describe('BatchDecoder', () => {
  const data = Buffer.concat([
    ...messages(0, 1, 2, 300).map(message => frame(message)),
    frame(Buffer.from('compressed'), 1),
    ...messages(3, 0).map(message => frame(message)),
    frame(Buffer.alloc(5000, 7)),
    frame(Buffer.alloc(1, 9)),
  ]);
  const expected = decoded(new StreamDecoder(NO_LIMIT) as unknown as BatchDecoder, data, []);

  it('yields the same frames as StreamDecoder, wherever the data is cut', () => {
    for (let cut = 0; cut <= data.length; cut++) {
      expect(decoded(new BatchDecoder(NO_LIMIT), data, [cut]), `cut at ${cut}`).to.deep.equal(expected);
    }
  });

  it('yields the same frames as StreamDecoder, for pieces of any size', () => {
    for (let size = 1; size < 20; size++) {
      const cuts = Array.from({ length: Math.floor(data.length / size) }, (_, n) => (n + 1) * size);
      expect(decoded(new BatchDecoder(NO_LIMIT), data, cuts), `pieces of ${size}`).to.deep.equal(expected);
    }
  });

  it('yields the same frames as StreamDecoder, for any messages, cuts and truncated data', () => {
    const sizes = fc.array(fc.oneof(fc.nat(20), fc.integer({ min: 4080, max: 4110 })), { maxLength: 20 });
    const flags = fc.array(fc.integer({ min: 0, max: 1 }), { minLength: 20, maxLength: 20 });
    fc.assert(
      fc.property(sizes, flags, fc.array(fc.nat(), { maxLength: 5 }), fc.nat(), (ofSizes, ofFlags, at, end) => {
        const whole = Buffer.concat(messages(...ofSizes).map((message, n) => frame(message, ofFlags[n])));
        const given = whole.subarray(0, end % (whole.length + 1));
        const cuts = at.map(cut => cut % (given.length + 1)).sort((a, b) => a - b);
        const other = new StreamDecoder(NO_LIMIT) as unknown as BatchDecoder;
        expect(decoded(new BatchDecoder(NO_LIMIT), given, cuts)).to.deep.equal(decoded(other, given, cuts));
      }),
      { numRuns: 500 },
    );
  });

  it('yields one batch for consecutive small messages, and none for a single message', () => {
    const small = Buffer.concat(messages(...Array(100).fill(4)).map(message => frame(message)));
    const found = new BatchDecoder(NO_LIMIT).write(small);
    expect(found).to.have.lengthOf(1);
    expect((found[0] as Batch).size).to.equal(100);
    expect(new BatchDecoder(NO_LIMIT).write(frame(Buffer.alloc(4)))).to.deep.equal([frame(Buffer.alloc(4))]);
  });

  it('batches messages of 4,095 bytes, but not of 4,096, which get their own buffer', () => {
    const three = (size: number) =>
      new BatchDecoder(NO_LIMIT).write(Buffer.concat(messages(size, size, size).map(message => frame(message))));
    expect(three(4095)).to.have.lengthOf(1);
    const large = three(4096) as Buffer[];
    expect(large).to.have.lengthOf(3);
    for (const each of large) expect(each.buffer.byteLength).to.equal(each.byteLength);
  });

  it('yields views of the received data, and copies on request', () => {
    const small = Buffer.concat(messages(4, 4).map(message => frame(message)));
    const batch = () => new BatchDecoder(NO_LIMIT).write(small)[0] as Batch;
    expect(batch().shift().buffer).to.equal(small.buffer);
    const copy = batch().copying().shift();
    small.fill(0);
    expect(copy).to.deep.equal(Buffer.alloc(4, 1));
  });

  it('decodes each message in place and in order, mixed with messages that are extracted', () => {
    const given = messages(3, 0, 300, 4095, 1);
    const batch = new BatchDecoder(NO_LIMIT).write(Buffer.concat(given.map(message => frame(message))))[0] as Batch;
    const found: Buffer[] = [];
    while (batch.size > 0) {
      if (found.length % 3 === 2) found.push(batch.shift());
      else found.push(batch.decode(({ buf, pos, len }) => Buffer.from(buf.subarray(pos, len))));
      expect(batch.size).to.equal(given.length - found.length);
    }
    expect(found).to.deep.equal(given);
  });

  it('continues after a message that cannot be decoded', () => {
    const batch = new BatchDecoder(NO_LIMIT).write(
      Buffer.concat(messages(2, 2, 2).map(message => frame(message))),
    )[0] as Batch;
    const fails = (): never => {
      throw new Error('malformed');
    };
    expect(() => batch.decode(fails)).to.throw('malformed');
    expect(batch.size).to.equal(2);
    expect(batch.decode(reader => reader.buf[reader.pos])).to.equal(2);
  });

  for (const max of [0, 10]) {
    it(`accepts messages of ${max} bytes as the limit and throws for one more byte, like StreamDecoder`, () => {
      const at = Buffer.concat(messages(max, max).map(message => frame(message)));
      expect(flat(new BatchDecoder(max).write(at))).to.have.lengthOf(2);
      const above = Buffer.concat(messages(max, max + 1).map(message => frame(message)));
      const errors = [new BatchDecoder(max), new StreamDecoder(max) as unknown as BatchDecoder].map(decoder => {
        try {
          decoder.write(above);
        } catch (error) {
          return (error as Error).message;
        }
        return 'none';
      });
      expect(errors[0])
        .to.match(/larger than max/)
        .and.equal(errors[1]);
      // Also when the prefix is split across two pieces.
      const inPieces = new BatchDecoder(max);
      inPieces.write(above.subarray(0, max + 5 + 2));
      expect(() => inPieces.write(above.subarray(max + 5 + 2))).to.throw(/larger than max/);
    });
  }
});
