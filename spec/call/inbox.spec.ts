import { expect } from 'chai';
import fc from 'fast-check';
import { Observable } from 'rxjs';
import { Inbox } from '../../lib/call/inbox.ts';
import type { Decoder, MessageRow } from '../../lib/call/message-channel.ts';
import { readMessages } from '../../lib/call/read-messages.ts';
import { Sink } from '../backpressure/support/sink.ts';

/** Delivers messages by hand when asked, or at once from a source. */
class Box extends Inbox {
  asked = 0;
  /** The number of messages asked for and not delivered. */
  outstanding = 0;
  maxOutstanding = 0;
  given = 0;
  /** The number of messages that it delivers at once when asked; Infinity for no end. */
  atOnce = 0;
  endsAfter: number = Number.POSITIVE_INFINITY;

  protected override ask(): void {
    this.asked++;
    this.maxOutstanding = Math.max(this.maxOutstanding, ++this.outstanding);
    if (this.given === this.endsAfter) this.close();
    else if (this.atOnce > 0) {
      this.atOnce--;
      this.give();
    }
  }

  /** Delivers the next number that was asked for. */
  give(): void {
    this.outstanding--;
    this.take(Buffer.from(String(++this.given)));
  }

  /** Delivers the next numbers as one row, for one request. */
  giveRow(count: number): void {
    this.outstanding--;
    this.takeRow(new Row(this.given, (this.given += count)));
  }

  finish(): void {
    this.close();
  }

  /** Called when messages have arrived, or the end. */
  onArrived: () => void = () => {};

  protected override arrived(): void {
    this.onArrived();
  }
}

/** The numbers after `at` up to `last`. In its row, a number decodes to its negative. */
class Row implements MessageRow {
  #at: number;
  readonly #last: number;

  constructor(at: number, last: number) {
    this.#at = at;
    this.#last = last;
  }

  get size(): number {
    return this.#last - this.#at;
  }

  shift(): Buffer {
    return Buffer.from(String(++this.#at));
  }

  decode<T>(decoder: Decoder<T>): T {
    return decoder(++this.#at);
  }
}

/** The number of messages it holds from a source that delivers at once. */
const MAX_HELD = mostHeld();

function mostHeld(): number {
  const box = new Box();
  box.atOnce = Number.POSITIVE_INFINITY;
  box.read();
  return box.given;
}

const numbers = (upTo: number, from = 1): number[] => Array.from({ length: upTo - from + 1 }, (_, i) => from + i);

/** Reads everything available. */
function readAll(box: Inbox): number[] {
  const all: number[] = [];
  for (let bytes = box.read(); bytes !== null; bytes = box.read()) all.push(Number(bytes));
  return all;
}

/** Its events, in order: messages, or an end without messages before it. */
function told(box: Box): string[] {
  const log: string[] = [];
  box.onArrived = () => log.push(box.size === 0 && box.hasEnded ? 'end' : 'messages');
  return log;
}

describe('Inbox', () => {
  it('asks for nothing before it is read', () => {
    const box = new Box();
    told(box);
    expect([box.asked, box.size]).to.deep.equal([0, 0]);
  });

  it('asks for one message at a time, and for the next when that has arrived', () => {
    const box = new Box();
    expect([box.read(), box.read(), box.read()]).to.deep.equal([null, null, null]);
    expect(box.asked).to.equal(1);
    box.give();
    expect(box.asked).to.equal(2);
    expect(readAll(box)).to.deep.equal([1]);
    expect(box.asked).to.equal(2);
  });

  it(`continues to ask while it holds ${MAX_HELD - 1}, and stops at ${MAX_HELD}, which is at most 16`, () => {
    const box = new Box();
    expect(MAX_HELD).to.be.within(2, 16);
    box.read();
    for (let held = 1; held < MAX_HELD; held++) {
      box.give();
      expect([box.size, box.outstanding]).to.deep.equal([held, 1]);
    }
    box.give();
    expect([box.size, box.outstanding]).to.deep.equal([MAX_HELD, 0]);
    expect(String(box.read())).to.equal('1');
    expect([box.size, box.outstanding]).to.deep.equal([MAX_HELD - 1, 1]);
  });

  it('holds no more from a source that delivers at once', () => {
    const box = new Box();
    box.atOnce = Number.POSITIVE_INFINITY;
    for (const n of numbers(100)) {
      expect(Number(box.read())).to.equal(n);
      expect(box.size).to.be.within(MAX_HELD - 1, MAX_HELD);
    }
  });

  it('emits an event for a message that arrives unread, and none for a message that arrives during a read', () => {
    const box = new Box();
    const log = told(box);
    box.atOnce = 3;
    expect(readAll(box)).to.deep.equal([1, 2, 3]);
    expect(log).to.deep.equal([]);
    box.give();
    box.give();
    expect(log).to.deep.equal(['messages', 'messages']);
    expect(readAll(box)).to.deep.equal([4, 5]);
  });

  it('emits one event for a message that is followed by others at once', () => {
    const box = new Box();
    const log = told(box);
    box.read();
    box.atOnce = 2;
    box.give();
    expect([log, box.size]).to.deep.equal([['messages'], 3]);
    expect(readAll(box)).to.deep.equal(numbers(3));
  });

  it('does not grow the stack with a source that delivers 100,000 at once', () => {
    for (const startsItself of [true, false]) {
      const box = new Box();
      const seen: number[] = [];
      box.onArrived = () => seen.push(...readAll(box));
      if (startsItself) box.read();
      box.atOnce = 100_000;
      if (startsItself) box.give();
      else seen.push(...readAll(box));
      expect(seen).to.deep.equal(numbers(startsItself ? 100_001 : 100_000));
      expect(box.maxOutstanding).to.equal(1);
    }
  });

  it('emits the end at once when it holds nothing, and asks for nothing more', () => {
    const box = new Box();
    const log = told(box);
    box.read();
    box.finish();
    expect(log).to.deep.equal(['end']);
    expect([box.read(), box.read()]).to.deep.equal([null, null]);
    expect([box.asked, log]).to.deep.equal([1, ['end']]);
  });

  it('has ended as soon as no message follows, and does not report that while messages are held', () => {
    const box = new Box();
    const log = told(box);
    box.read();
    box.give();
    box.give();
    box.finish();
    expect([log, box.hasEnded]).to.deep.equal([['messages', 'messages'], true]);
    expect([String(box.read()), String(box.read())]).to.deep.equal(['1', '2']);
    expect([box.read(), box.read()]).to.deep.equal([null, null]);
    expect(log).to.have.lengthOf(2);
    expect(box.asked).to.equal(3);
  });

  it('asks for nothing more after the end when it was full', () => {
    const box = new Box();
    box.read();
    for (const _ of numbers(MAX_HELD)) box.give();
    box.finish();
    expect(readAll(box)).to.deep.equal(numbers(MAX_HELD));
    expect([box.asked, box.hasEnded]).to.deep.equal([MAX_HELD, true]);
  });

  it('knows an end that arrives at once, instead of a message, and does not report it to a reader that reads', () => {
    const box = new Box();
    const log = told(box);
    box.atOnce = 3;
    box.endsAfter = 3;
    expect(readAll(box)).to.deep.equal([1, 2, 3]);
    expect([log, box.hasEnded]).to.deep.equal([[], true]);
    expect(box.asked).to.equal(4);
  });

  it('returns each message once and in order, whether messages arrive at once or later', () => {
    const step = fc.constantFrom('read', 'read all', 'give', 'at once 1', 'at once 20', 'forget');
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), steps => {
        const box = new Box();
        const seen: number[] = [];
        const read = (): boolean => {
          const bytes = box.read();
          if (bytes !== null) seen.push(Number(bytes));
          return bytes !== null;
        };
        box.onArrived = () => seen.length % 3 === 0 && read();
        for (const what of steps) {
          if (what === 'read') read();
          else if (what === 'read all') while (read());
          else if (what === 'give' && box.outstanding > 0) box.give();
          else if (what === 'forget') box.atOnce = 0;
          else if (what.startsWith('at once')) box.atOnce = Number(what.slice(8));
          expect(box.size).to.be.within(0, MAX_HELD);
        }
        box.atOnce = 0;
        while (read());
        expect(seen).to.deep.equal(numbers(box.given));
        expect(box.maxOutstanding).to.be.at.most(1);
      }),
    );
  });
});

describe('readMessages from an Inbox', () => {
  const received = (box: Box, prefetch?: number): Observable<number> =>
    new Observable(subscriber => {
      const { readOn } = readMessages(box, subscriber, {
        decode: Number,
        prefetch,
        complete: () => subscriber.complete(),
        malformed: error => subscriber.error(error),
      });
      box.onArrived = readOn;
    });

  it('delivers one message without demand, and leaves no more waiting than the Inbox holds', () => {
    const box = new Box();
    box.atOnce = Number.POSITIVE_INFINITY;
    const sink = new Sink<number>(0);
    received(box).subscribe(sink);
    expect(sink.values).to.deep.equal([1]);
    expect(box.given).to.be.within(MAX_HELD, MAX_HELD + 1);
    sink.admit(2);
    expect(sink.values).to.deep.equal([1, 2]);
    expect(box.given).to.be.within(MAX_HELD + 1, MAX_HELD + 2);
  });

  it('delivers messages that arrive by themselves, and the end after them', () => {
    const box = new Box();
    const sink = new Sink<number>();
    received(box).subscribe(sink);
    for (let i = 0; i < 3; i++) box.give();
    expect(sink.values).to.deep.equal([1, 2, 3]);
    box.finish();
    expect(sink.log.at(-1)).to.equal('complete');
  });

  it('leaves the rest to the next reader when it is unsubscribed', () => {
    const box = new Box();
    box.atOnce = 3;
    const sink = new Sink<number>(1);
    received(box).subscribe(sink).unsubscribe();
    box.give();
    box.finish();
    expect(sink.log).to.deep.equal(['next 1']);
    expect(readAll(box)).to.deep.equal([2, 3, 4]);
  });

  for (const prefetch of [undefined, 16, 17, 40]) {
    it(`loses nothing when the reader pauses and resumes, with ${prefetch ?? 'no'} prefetch`, () => {
      const step = fc.oneof(fc.constantFrom('give', 'at once'), fc.integer({ min: 1, max: 20 }));
      fc.assert(
        fc.property(fc.array(step, { maxLength: 80 }), fc.nat(60), (steps, last) => {
          const box = new Box();
          box.endsAfter = last;
          const sink = new Sink<number>(0);
          received(box, prefetch).subscribe(sink);
          for (const what of steps) {
            if (typeof what === 'number') sink.admit(what);
            else if (what === 'at once') box.atOnce = 3;
            else if (box.outstanding > 0 && box.given < last) box.give();
            expect(box.given - sink.values.length).to.be.at.most((prefetch ?? MAX_HELD) + 1);
          }
          box.atOnce = last;
          sink.admit(last + 1);
          while (box.given < last) box.give();
          expect(sink.log).to.deep.equal([...numbers(last).map(n => `next ${n}`), 'complete']);
        }),
      );
    });
  }

  describe('with rows', () => {
    /** Messages of rows become negative numbers if they are decoded in the row. */
    const decoded = (box: Box, prefetch?: number, malformed: (error: unknown) => void = () => {}) =>
      new Observable<number>(subscriber => {
        const { readOn } = readMessages(box, subscriber, {
          decode: Number,
          decoder: (n: number) => {
            if (n === 0) throw new Error('malformed');
            return -n;
          },
          prefetch,
          complete: () => subscriber.complete(),
          malformed,
        });
        box.onArrived = readOn;
      });

    it('decodes messages in their row, and single ones by themselves', () => {
      const box = new Box();
      const sink = new Sink<number>(20);
      decoded(box).subscribe(sink);
      box.giveRow(3);
      box.give();
      box.giveRow(2);
      box.finish();
      expect(sink.values).to.deep.equal([-1, -2, -3, 4, -5, -6]);
      expect(sink.log.at(-1)).to.equal('complete');
    });

    it('asks as often as for extracted messages', () => {
      const boxes = [decoded, received].map(receiving => {
        const box = new Box();
        const sink = new Sink<number>(0);
        receiving(box).subscribe(sink);
        const asked: number[] = [];
        for (const count of [3, 9, 1]) {
          box.giveRow(count);
          for (let i = 0; i < 5; i++) {
            sink.admit(1);
            asked.push(box.asked);
          }
        }
        return asked;
      });
      expect(boxes[0]).to.deep.equal(boxes[1]);
    });

    it('reads nothing after a malformed message in a row', () => {
      const box = new Box();
      const sink = new Sink<number>(20);
      const errors: unknown[] = [];
      decoded(box, undefined, error => errors.push(error)).subscribe(sink);
      box.given = -3;
      box.giveRow(6);
      expect(sink.values).to.deep.equal([2, 1]);
      expect(errors.map(String)).to.deep.equal(['Error: malformed']);
    });

    for (const prefetch of [undefined, 40]) {
      it(`loses nothing when the reader pauses and resumes, with ${prefetch ?? 'no'} prefetch`, () => {
        const step = fc.oneof(
          fc.record({ row: fc.integer({ min: 1, max: 12 }) }),
          fc.constant('give'),
          fc.integer({ min: 1, max: 20 }),
        );
        fc.assert(
          fc.property(fc.array(step, { maxLength: 80 }), steps => {
            const box = new Box();
            const sink = new Sink<number>(0);
            decoded(box, prefetch).subscribe(sink);
            for (const what of steps) {
              if (typeof what === 'number') sink.admit(what);
              else if (box.outstanding > 0) typeof what === 'string' ? box.give() : box.giveRow(what.row);
            }
            sink.admit(box.given + 1);
            box.finish();
            expect(sink.values.map(Math.abs)).to.deep.equal(numbers(box.given));
            expect(sink.log.at(-1)).to.equal('complete');
          }),
        );
      });
    }
  });
});
