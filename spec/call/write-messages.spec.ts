import { Writable } from 'node:stream';
import { expect } from 'chai';
import { concat, from, NEVER, type Observable, of, range, Subject, throwError } from 'rxjs';
import { type MessageWriter, type WriteOptions, writeMessages } from '../../lib/call/write-messages.ts';
import { OverflowError, pull } from '../../lib/index.ts';
import { Counted } from '../backpressure/support/counted.ts';
import { FakeWritable } from './support/fake-writable.ts';

/** One byte for each number. */
const oneByte = (value: number): Uint8Array => Uint8Array.of(value);

describe('writeMessages', () => {
  let stream: FakeWritable;
  let log: string[];
  beforeEach(() => {
    stream = new FakeWritable();
    log = [];
  });

  const start = (source$: Observable<number>, options: Partial<WriteOptions<number>> = {}): MessageWriter =>
    writeMessages(source$, stream.asStream, {
      encode: oneByte,
      complete: () => log.push('complete'),
      error: error => log.push(`error ${error}`),
      ...options,
    });
  const written = () => stream.written.map(bytes => bytes[0]);
  const upTo = (last: number) => Array.from({ length: last }, (_, i) => i + 1);

  it('writes each value in order, and completes', () => {
    start(of(1, 2, 3));
    expect(written()).to.deep.equal([1, 2, 3]);
    expect(log).to.deep.equal(['complete']);
  });

  it('requests values up to 12 messages in flight, and one more when one is written', () => {
    const source = new Counted();
    start(pull(source));
    expect(source.asked).to.equal(12);
    stream.take(1);
    expect(source.asked).to.equal(13);
    expect(stream.inFlight).to.equal(12);
  });

  it('requests one more while less than 64 KiB are in flight', () => {
    const source = new Counted();
    start(pull(source), { encode: n => new Uint8Array(n === 1 ? 65_535 : 1) });
    expect(source.asked).to.equal(2);
  });

  it('requests nothing while 64 KiB are in flight', () => {
    const source = new Counted();
    start(pull(source), { encode: n => new Uint8Array(n === 1 ? 65_536 : 1) });
    expect(source.asked).to.equal(1);
    stream.take(1);
    expect(source.asked).to.equal(13);
  });

  it('writes at most 12 messages of a source that cannot wait, and queues the rest', () => {
    const sending = start(range(1, 16));
    expect(stream.inFlight).to.equal(12);
    expect(sending.queuedBytes).to.equal(4 * 64); // an empty message has a minimum weight
    stream.take(3);
    expect(stream.inFlight).to.equal(12);
    expect(sending.queuedBytes).to.equal(64);
    stream.take(13);
    expect(written()).to.deep.equal(upTo(16));
  });

  it('writes at most 64 KiB of a source that cannot wait', () => {
    start(range(1, 3), { encode: () => new Uint8Array(32_768) });
    expect(stream.inFlight).to.equal(2);
    stream.take(1);
    expect(stream.written.length).to.equal(3);
  });

  it('requests nothing while something is queued', () => {
    const source = new Counted();
    start(concat(range(1, 13), pull(source)));
    expect(source.asked).to.equal(0);
    stream.take(1); // the 17th message is written
    expect(source.asked).to.equal(0);
    stream.take(1);
    expect(source.asked).to.equal(1);
  });

  it('completes once, after all queued messages were passed to the stream', () => {
    start(range(1, 14));
    stream.take(1);
    expect(log).to.deep.equal([]);
    stream.take(1);
    expect(log).to.deep.equal(['complete']);
    stream.take(12);
    expect(log).to.deep.equal(['complete']);
    expect(written()).to.deep.equal(upTo(14));
  });

  it('fails at once; queued messages are still written, and flush() waits for them', () => {
    const subject = new Subject<number>();
    const sending = start(subject);
    for (const n of upTo(14)) subject.next(n);
    subject.error('mine');
    expect(log).to.deep.equal(['error mine']);
    sending.flush(() => log.push('flushed'));
    stream.take(1);
    expect(log).to.deep.equal(['error mine']);
    stream.take(13);
    expect(log).to.deep.equal(['error mine', 'flushed']);
    expect(written()).to.deep.equal(upTo(14));
  });

  it('makes flush() work inside the error callback of a source that fails synchronously', () => {
    start(
      concat(
        range(1, 13),
        throwError(() => 'mine'),
      ),
      { error: (error, flush) => flush(() => log.push(`flushed, then ${error}`)) },
    );
    expect(log).to.deep.equal([]);
    stream.take(1);
    expect(log).to.deep.equal(['flushed, then mine']);
    expect(written()).to.deep.equal(upTo(13));
  });

  it('flushes at once when nothing is queued', () => {
    const sending = start(NEVER);
    sending.flush(() => log.push('flushed'));
    expect(log).to.deep.equal(['flushed']);
  });

  it('ends with an encoding error, unsubscribes, and sends what came before', () => {
    const subject = new Subject<number>();
    start(subject, {
      encode: n => {
        if (n === 2) throw new TypeError('not a message');
        return oneByte(n);
      },
    });
    subject.next(1);
    subject.next(2);
    subject.next(3);
    expect(log).to.deep.equal(['error TypeError: not a message']);
    expect(subject.observed).to.equal(false);
    expect(written()).to.deep.equal([1]);
  });

  it('encodes a value when it is emitted: later changes are not sent', () => {
    const values = new Subject<{ n: number }>();
    writeMessages(values, stream.asStream, { encode: ({ n }) => oneByte(n), complete: () => {}, error: () => {} });
    const value = { n: 0 };
    for (let n = 1; n <= 13; n++) {
      value.n = n;
      values.next(value);
    }
    value.n = 99;
    stream.take(13);
    expect(written()).to.deep.equal(upTo(13));
  });

  it('writes nothing more when a write fails, and does not report it itself', () => {
    const sending = start(from(upTo(16)));
    stream.fail(new Error('EPIPE'));
    expect(stream.written.length).to.equal(12);
    expect(log).to.deep.equal([]);
    sending.stop();
  });

  it('keeps the order over a slow, real Writable', async () => {
    const taken: number[] = [];
    const slow = new Writable({
      objectMode: true,
      write: (chunk, _encoding, callback) => {
        taken.push(chunk[0]);
        if (taken.length % 3 === 0) setImmediate(callback);
        else callback();
      },
    });
    await new Promise<void>((resolve, reject) => {
      slow.on('finish', resolve);
      writeMessages(pull(upTo(100)), slow, { encode: oneByte, complete: () => slow.end(), error: reject });
    });
    expect(taken).to.deep.equal(upTo(100));
  });
});

describe('writeMessages with a full queue', () => {
  it('fails with an OverflowError that names the limit and the remedy', () => {
    const stream = new FakeWritable();
    let failure: unknown;
    const error = (thrown: unknown) => {
      failure = thrown;
    };
    writeMessages(range(1, 14), stream.asStream, {
      encode: oneByte,
      maxQueuedBytes: 1,
      complete: () => {},
      error,
    }).stop();
    expect(failure).to.be.instanceOf(OverflowError);
    expect(String(failure)).to.match(
      /wait to be sent exceed the limit of 1 bytes for this call.*pull.*maxQueuedBytes/s,
    );
  });
});
