import { expect } from 'chai';
import fc from 'fast-check';
import { type JoinedMessages, MessageStream } from '../../lib/call/message-stream.ts';
import { joining, MessageWire, messagesOf, oneByOne, plain } from './support/message-wire.ts';

const ignore = (): void => {};
const upTo = (last: number): number[] => Array.from({ length: last }, (_, i) => i + 1);

/** Writes messages of these sizes. */
function write(
  wire: MessageWire,
  sizes: readonly number[],
  taken: (error?: Error | null, messages?: number) => void = ignore,
): void {
  for (const size of sizes) wire.write(Buffer.alloc(size), taken);
}

/** Messages of one byte: their numbers. */
function writeNumbers(wire: MessageWire, numbers: readonly number[]): void {
  for (const n of numbers) wire.write(Buffer.of(n), ignore);
}

describe('MessageStream', () => {
  it('accepts a message at once while there is room', () => {
    for (const [maxWrites, atOnce] of [
      [1, 1],
      [2, 2],
      [3, 3],
      [Number.POSITIVE_INFINITY, 100],
    ] as const) {
      const wire = new MessageWire({ ...plain, maxWrites });
      writeNumbers(wire, upTo(100));
      expect(wire.bytes, `${maxWrites}`).to.deep.equal(upTo(atOnce));
      wire.written();
      expect(wire.given, `${maxWrites}`).to.have.lengthOf(Math.min(atOnce + 1, 100));
    }
  });

  it('accepts a message at once when all before it are on the wire', () => {
    for (const writing of [oneByOne, joining]) {
      const wire = new MessageWire(writing);
      for (const n of upTo(5)) {
        writeNumbers(wire, [n]);
        expect(wire.bytes).to.deep.equal(upTo(n));
        wire.written();
      }
      writeNumbers(wire, [6, 7, 8]);
      wire.allWritten();
      writeNumbers(wire, [9]);
      expect(wire.bytes).to.deep.equal(upTo(9));
    }
  });

  it('queues a message behind waiting ones, though there is room again', () => {
    const wire = new MessageWire(oneByOne);
    const order: number[] = [];
    // When notified of the first, it writes a fourth.
    const taken = (): unknown => order.push(wire.given.length) === 1 && wire.write(Buffer.of(4), taken);
    for (const n of upTo(3)) wire.write(Buffer.of(n), taken);
    wire.allWritten();
    expect(wire.bytes).to.deep.equal(upTo(4));
    expect(order, 'the next one is under way when one is taken').to.deep.equal([2, 3, 4, 4]);
  });

  it('writes messages singly without joining', () => {
    const wire = new MessageWire(oneByOne);
    const counts: unknown[] = [];
    write(wire, Array(50).fill(8), (_, messages) => counts.push(messages));
    for (const n of upTo(50)) {
      expect([wire.underWay, wire.given.length]).to.deep.equal([1, n]);
      wire.written();
    }
    expect(counts).to.deep.equal(Array(50).fill(1));
  });

  it('joins messages that wait while a write is in progress, in order', () => {
    const wire = new MessageWire(joining);
    writeNumbers(wire, upTo(10));
    expect(wire.counts).to.deep.equal([1]);
    wire.written();
    expect(wire.counts).to.deep.equal([1, 9]);
    writeNumbers(wire, [11, 12]);
    wire.allWritten();
    expect(wire.counts).to.deep.equal([1, 9, 2]);
    expect(wire.bytes).to.deep.equal(upTo(12));
  });

  it('leaves a single waiting message as it is', () => {
    const wire = new MessageWire(joining);
    const [first, second] = [Buffer.of(1), Buffer.of(2)];
    for (const message of [first, second]) wire.write(message, ignore);
    wire.allWritten();
    expect(wire.given[0]).to.equal(first);
    expect(wire.given[1]).to.equal(second);
  });

  for (const [waiting, expected] of [
    [127, [127]],
    [128, [128]],
    [129, [128, 1]],
    [300, [128, 128, 44]],
  ] as const) {
    it(`joins at most half of the 256 messages: ${waiting} waiting ones become ${expected.join(' and ')}`, () => {
      const wire = new MessageWire(joining);
      write(wire, Array(waiting + 1).fill(0));
      wire.allWritten();
      expect(wire.counts).to.deep.equal([1, ...expected]);
    });
  }

  for (const [name, sizes, expected] of [
    ['two of 6 KiB', [6144, 6144], [2]],
    ['two of 6 KiB and a byte', [6144, 6145], [1, 1]],
    ['twelve of 1 KiB', Array(12).fill(1024), [12]],
    ['thirteen of 1 KiB', Array(13).fill(1024), [12, 1]],
    ['one of 12 KiB and an empty one', [12_288, 0], [2]],
    ['one of 12 KiB and one of a byte', [12_288, 1], [1, 1]],
    ['one of more than 12 KiB, and small ones', [12_289, 1, 1], [1, 2]],
    ['one of 12 KiB and a byte, and an empty one', [12_289, 0], [1, 1]],
    ['small ones, a large one, and small ones', [1, 1, 1_000_000, 1, 1], [2, 1, 2]],
    ['large ones', [1_000_000, 20_000, 12_289], [1, 1, 1]],
  ] as const) {
    it(`joins at most half of the 24 KiB, and writes a larger message alone: ${name}`, () => {
      const wire = new MessageWire(joining);
      write(wire, [0, ...sizes]);
      wire.allWritten();
      expect(wire.counts).to.deep.equal([1, ...expected]);
      expect(wire.sizes.flat()).to.deep.equal([0, ...sizes]);
    });
  }

  it('reports the number of accepted messages when they are on the wire and the next are being written', () => {
    const wire = new MessageWire(joining);
    const log: unknown[] = [];
    write(wire, Array(200).fill(1), (error, messages) => log.push([error, messages, wire.given.length]));
    expect(log).to.deep.equal([]);
    wire.allWritten();
    expect(log).to.deep.equal([
      [undefined, 1, 2],
      [undefined, 128, 3],
      [undefined, 71, 3],
    ]);
  });

  it('continues when writes are on the wire at once', () => {
    for (const writing of [plain, oneByOne, joining]) {
      let taken = 0;
      const log: number[] = [];
      let first: (() => void) | undefined;
      class AtOnce extends MessageStream {
        protected override ask(): void {}
        protected override arrived(): void {}
        protected override give(write: Buffer | JoinedMessages, written: () => void): void {
          log.push(...messagesOf(write).flatMap(message => [...message]));
          if (first === undefined) first = written;
          else written();
        }
      }
      const stream = new AtOnce(writing);
      for (const n of upTo(255)) {
        stream.write(Buffer.of(n), (_, messages) => {
          taken += messages!;
        });
      }
      first!();
      expect([log, taken]).to.deep.equal([upTo(255), 255]);
    }
  });

  describe('flush', () => {
    it('calls back at once when nothing waits, with or without a write in progress', () => {
      const wire = new MessageWire(joining);
      let flushed = 0;
      wire.whenFlushed(() => flushed++);
      writeNumbers(wire, [1]);
      wire.whenFlushed(() => flushed++);
      expect(flushed).to.equal(2);
    });

    for (const [name, writing, writes] of [
      ['one by one', oneByOne, 2],
      ['joined', joining, 1],
    ] as const) {
      it(`calls back once, when the last message has been handed over: ${name}`, () => {
        const wire = new MessageWire(writing);
        const log: string[] = [];
        writeNumbers(wire, upTo(3));
        wire.whenFlushed(() => log.push(`flushed behind ${wire.bytes.length}`));
        for (let i = 0; i < writes; i++) {
          expect(log).to.deep.equal([]);
          wire.written();
        }
        expect(log).to.deep.equal(['flushed behind 3']);
        wire.allWritten();
        expect(log).to.have.lengthOf(1);
      });
    }
  });

  describe('append', () => {
    /** Encodes as many bytes as the value says. */
    const zeros = (memory: number[], size: number): void => void memory.push(...Array(size).fill(0));
    const number = (memory: number[], n: number): void => void memory.push(n);

    /** A wire with a write in progress, so that messages have to wait. */
    function busy(): MessageWire {
      const wire = new MessageWire(joining);
      write(wire, [0]);
      return wire;
    }

    it('applies to messages that have to wait, where messages are joined', () => {
      for (const writing of [plain, oneByOne]) {
        const wire = new MessageWire(writing);
        write(wire, [0]);
        expect(wire.appends).to.equal(false);
      }
      const wire = new MessageWire(joining);
      expect(wire.appends, 'nothing is under way').to.equal(false);
      write(wire, [0]);
      expect(wire.appends).to.equal(true);
      wire.written();
      expect(wire.appends).to.equal(false);
    });

    it('applies to messages of which four share a write, again after some smaller ones', () => {
      for (const [size, appends] of [
        [3072, true],
        [3073, false],
      ] as const) {
        const wire = busy();
        write(wire, [size]);
        expect(wire.appends, `${size}`).to.equal(appends);
      }
      const wire = busy();
      write(wire, [65_536, 0]);
      let written = 0;
      for (; !wire.appends; written++) write(wire, [0]);
      expect(written).to.be.within(10, 40);
    });

    it('joins appended and written messages in order', () => {
      const wire = busy();
      writeNumbers(wire, [1]);
      wire.append(number, 2);
      writeNumbers(wire, [3, 4]);
      wire.append(number, 5);
      wire.allWritten();
      expect(wire.counts).to.deep.equal([1, 5]);
      expect(wire.bytes).to.deep.equal(upTo(5));
    });

    it('returns a message that does not fit, and its sender writes it after the others', () => {
      const wire = busy();
      for (let i = 0; i < 4; i++) expect(wire.append(zeros, 3072)).to.equal(3072);
      const back = wire.append(zeros, 1);
      expect(back).to.deep.equal(Buffer.alloc(1));
      wire.write(back as Buffer, ignore);
      for (let i = 0; i < 127; i++) expect(wire.append(zeros, 0)).to.equal(0);
      expect(wire.append(zeros, 0), 'the 129th').to.deep.equal(Buffer.alloc(0));
      wire.allWritten();
      expect(wire.counts).to.deep.equal([1, 4, 128]);
    });

    it('adds the message after those that are written or appended while it is encoded', () => {
      for (const inner of [
        (wire: MessageWire) => writeNumbers(wire, [2]),
        (wire: MessageWire) => expect(wire.append(number, 2)).to.equal(1),
      ]) {
        for (const first of [0, 1]) {
          const wire = busy();
          if (first === 1) wire.append(number, 1);
          const back = wire.append((memory: number[], n: number) => {
            inner(wire);
            memory.push(n);
          }, 3);
          expect(back).to.deep.equal(Buffer.of(3));
          wire.write(back as Buffer, ignore);
          wire.allWritten();
          expect(wire.bytes).to.deep.equal([1, 2, 3].slice(1 - first));
        }
      }
    });

    it('returns a message that no longer has to wait when it is encoded', () => {
      const wire = busy();
      const back = wire.append((memory: number[], n: number) => {
        wire.written();
        memory.push(n);
      }, 1);
      expect(back).to.deep.equal(Buffer.of(1));
    });

    it('leaves the waiting messages intact when a message cannot be encoded', () => {
      const wire = busy();
      wire.append(number, 1);
      const fails = (): void => {
        throw new TypeError('not a message');
      };
      expect(() => wire.append(fails, 2)).to.throw(TypeError, 'not a message');
      wire.append(number, 3);
      expect(() => wire.append(fails, 4)).to.throw(TypeError, 'not a message');
      wire.allWritten();
      expect(wire.bytes).to.deep.equal([1, 3]);
      expect(wire.counts.reduce((sum, count) => sum + count)).to.equal(3);
    });
  });

  it('keeps the order and all limits, whatever is written when', () => {
    const size = fc.oneof(fc.nat(40), fc.integer({ min: 2000, max: 4000 }), fc.integer({ min: 11_000, max: 13_000 }));
    const step = fc.oneof(fc.constant('written'), size);
    const zeros = (memory: number[], bytes: number): void => void memory.push(...Array(bytes).fill(0));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300 }), steps => {
        const wire = new MessageWire(joining);
        const sizes: number[] = [];
        let taken = 0;
        const counts = (_: unknown, messages?: number): void => {
          taken += messages!;
        };
        for (const what of steps) {
          if (typeof what === 'number') {
            sizes.push(what);
            const message = wire.appends ? wire.append(zeros, what) : Buffer.alloc(what);
            if (typeof message === 'number') expect(message).to.equal(what);
            else wire.write(message, counts);
          } else if (wire.underWay > 0) wire.written();
          expect(wire.underWay).to.be.at.most(1);
        }
        wire.allWritten();
        expect(wire.sizes.flat()).to.deep.equal(sizes);
        expect(taken).to.equal(sizes.length);
        for (const write of wire.sizes) {
          expect(write.length).to.be.at.most(128);
          if (write.length > 1) expect(write.reduce((sum, size) => sum + size)).to.be.at.most(12_288);
        }
      }),
    );
  });
});
