import { expect } from 'chai';
import { merge, type Observable, range, Subject } from 'rxjs';
import { type MessageWriter, writeMessages } from '../../lib/call/write-messages.ts';
import { OverflowError, pull, queueBudget } from '../../lib/index.ts';
import { Counted } from '../backpressure/support/counted.ts';
import { FakeWritable } from './support/fake-writable.ts';

describe('The queue of writeMessages()', () => {
  let stream: FakeWritable;
  let errors: unknown[];
  const { maxBytes } = queueBudget;
  beforeEach(() => {
    stream = new FakeWritable();
    errors = [];
  });
  afterEach(() => {
    queueBudget.maxBytes = maxBytes;
    expect(queueBudget.bytes, 'left in the budget').to.equal(0);
  });

  const start = (source$: Observable<number>, maxQueuedBytes?: number): MessageWriter =>
    writeMessages(source$, stream.asStream, {
      encode: () => new Uint8Array(100),
      maxQueuedBytes,
      complete: () => {},
      error: error => errors.push(error),
    });

  it('accepts bytes up to its limit', () => {
    const sending = start(range(1, 12 + 3), 300);
    expect(errors).to.deep.equal([]);
    expect(sending.queuedBytes).to.equal(300);
    expect(queueBudget.bytes).to.equal(300);
    sending.stop();
  });

  it('overflows at one byte more', () => {
    const sending = start(range(1, 12 + 3), 299);
    expect(errors).to.have.length(1);
    expect(errors[0]).to.be.instanceOf(OverflowError);
    expect(sending.queuedBytes).to.equal(200);
    sending.stop();
  });

  it('has a limit of 64 MiB by default', () => {
    const large = new Uint8Array(32 * 1024 * 1024);
    const starts = (count: number): MessageWriter =>
      writeMessages(range(1, count), stream.asStream, {
        encode: () => large,
        complete: () => {},
        error: error => errors.push(error),
      });
    starts(1 + 2).stop();
    expect(errors.length).to.equal(0);
    starts(1 + 3).stop();
    expect(errors.length).to.equal(1);
  });

  it('counts toward the limit of the process', () => {
    queueBudget.maxBytes = 300;
    const first = start(range(1, 12 + 2));
    const second = start(range(1, 12 + 1));
    expect(errors).to.deep.equal([]);
    const third = start(range(1, 12 + 1));
    expect(String(errors[0])).to.match(/limit of 300 bytes for all calls of this process.*pull/s);
    for (const sending of [first, second, third]) sending.stop();
  });

  it('is released as it is written', () => {
    start(range(1, 12 + 2));
    expect(queueBudget.bytes).to.equal(200);
    stream.take(1);
    expect(queueBudget.bytes).to.equal(100);
    stream.take(1);
    expect(queueBudget.bytes).to.equal(0);
  });

  it('is dropped and released by stop(), once', () => {
    const sending = start(range(1, 12 + 2));
    sending.stop();
    sending.stop();
    expect(sending.queuedBytes).to.equal(0);
    stream.take(12);
    expect(stream.written.length).to.equal(12);
  });

  it('is dropped and released by stop() after a failed write, and after an error', () => {
    const subject = new Subject<number>();
    const sending = start(merge(range(1, 12 + 2), subject));
    stream.fail(new Error('EPIPE'));
    subject.error('mine');
    expect(queueBudget.bytes).to.equal(200);
    sending.stop();
  });

  it('delays nothing after stop()', () => {
    let flushed = 0;
    const sending = start(range(1, 12 + 2));
    sending.flush(() => flushed++);
    sending.stop();
    stream.take(12);
    expect(flushed).to.equal(0);
    sending.flush(() => flushed++);
    expect(flushed, 'nothing is queued').to.equal(1);
  });
});

describe('stop() of a send', () => {
  it('unsubscribes the source, also one that waits', () => {
    const stream = new FakeWritable();
    const source = new Counted();
    const log: unknown[] = [];
    const sending = writeMessages(pull(source), stream.asStream, {
      encode: () => new Uint8Array(1),
      complete: () => log.push('complete'),
      error: error => log.push(error),
    });
    sending.stop();
    expect(source.returned).to.equal(1);
    stream.take(12);
    expect(source.asked).to.equal(12);
    expect(log).to.deep.equal([]);
  });
});
