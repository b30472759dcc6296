import { expect } from 'chai';
import fc from 'fast-check';
import { NEVER, range } from 'rxjs';
import { writeMessages } from '../../lib/call/write-messages.ts';
import { pull } from '../../lib/index.ts';
import { Counted } from '../backpressure/support/counted.ts';
import { joining, MessageWire, oneByOne, plain } from './support/message-wire.ts';

const ignore = (): void => {};
/** Encodes into the memory of a wire. */
const appender =
  (encode: (n: number) => Uint8Array) =>
  (memory: number[], n: number): void => {
    for (const byte of encode(n)) memory.push(byte);
  };

describe('writeMessages into a MessageStream', () => {
  /** Sends messages of a given size from a source that can wait. */
  function sending(wire: MessageWire, encode: (n: number) => Uint8Array, isAppending = false) {
    const source = new Counted();
    const encoder = isAppending ? appender(encode) : undefined;
    const sent = writeMessages(pull(source), wire, { encode, encoder, complete: ignore, error: ignore });
    return { source, stop: () => sent.stop() };
  }

  for (const [name, writing, isAppending] of [
    ['with a write for each message', plain, true],
    ['one by one', oneByOne, true],
    ['joined', joining, false],
    ['encoded into a joined write', joining, true],
  ] as const) {
    describe(name, () => {
      for (const [what, bytes, most] of [
        ['256 small messages', 1, 256],
        ['256 of 96 bytes', 96, 256],
        ['254 of 97 bytes, which are more than 24 KiB', 97, 254],
        ['24 of a KiB', 1024, 24],
        ['25 of a byte less than a KiB', 1023, 25],
        ['two that are 24 KiB together', 12_288, 2],
        ['three of which two have two bytes less than 24 KiB', 12_287, 3],
        ['two of 24 KiB', 24_576, 2],
        ['two, however large', 1_000_000, 2],
      ] as const) {
        it(`requests ${what} from its source, and no more`, () => {
          const wire = new MessageWire(writing);
          const { source, stop } = sending(wire, () => new Uint8Array(bytes), isAppending);
          expect(source.asked).to.equal(most);
          wire.written();
          expect(source.asked).to.equal(most + 1);
          stop();
        });
      }

      it('stays this far ahead of the wire, whatever the sizes', () => {
        fc.assert(
          fc.property(fc.array(fc.oneof(fc.nat(200), fc.nat(30_000)), { minLength: 1 }), sizes => {
            const wire = new MessageWire(writing);
            const sizeOf = (n: number): number => sizes[n % sizes.length]!;
            const made: number[] = [];
            const { stop } = sending(
              wire,
              n => {
                made.push(sizeOf(n));
                return new Uint8Array(sizeOf(n));
              },
              isAppending,
            );
            let onTheWire = 0;
            for (let i = 0; i < 100; i++) {
              const ahead = made.slice(onTheWire);
              const before = ahead.slice(0, -1).reduce((sum, size) => sum + size, 0);
              expect(ahead.length).to.be.at.most(256);
              expect(ahead.length <= 2 || before < 24_576).to.equal(true);
              onTheWire += wire.counts[wire.given.length - wire.underWay]!;
              wire.written();
            }
            stop();
            expect(wire.sizes.flat()).to.deep.equal(made.slice(0, wire.sizes.flat().length));
          }),
          { numRuns: 30 },
        );
      });
    });
  }

  it('encodes one half while the other half is being written', () => {
    const wire = new MessageWire(joining);
    const { source, stop } = sending(wire, () => new Uint8Array(1));
    wire.written();
    expect(wire.counts).to.deep.equal([1, 128]);
    expect(source.asked).to.equal(257);
    wire.written();
    expect(wire.counts).to.deep.equal([1, 128, 128]);
    expect(source.asked).to.equal(257 + 128);
    for (let i = 0; i < 20; i++) wire.written();
    expect(wire.counts.slice(1)).to.deep.equal(Array(22).fill(128));
    stop();
  });

  for (const isAppending of [false, true]) {
    it(`queues the values of a source that cannot wait, and completes when all are written${isAppending ? ', encoded into writes' : ''}`, () => {
      const wire = new MessageWire(joining);
      let completed = false;
      const complete = (): void => {
        completed = true;
      };
      const encode = (n: number): Uint8Array => Buffer.of(n % 251);
      const encoder = isAppending ? appender(encode) : undefined;
      const sending = writeMessages(range(0, 1000), wire, { encode, encoder, complete, error: ignore });
      expect(sending.queuedBytes).to.equal((1000 - 256) * 64);
      while (!completed) wire.written();
      wire.whenFlushed(ignore);
      wire.allWritten();
      expect(wire.bytes).to.deep.equal(Array.from({ length: 1000 }, (_, n) => n % 251));
    });
  }

  it('writes nothing for an empty source', () => {
    const wire = new MessageWire(joining);
    writeMessages(NEVER, wire, { encode: () => Buffer.alloc(0), complete: ignore, error: ignore }).stop();
    expect(wire.given).to.deep.equal([]);
  });
});
