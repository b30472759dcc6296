import { once } from 'node:events';
import { Readable } from 'node:stream';
import { expect } from 'chai';
import { Observable } from 'rxjs';
import { DirectionStats } from '../../lib/call/direction-stats.ts';
import { readMessages } from '../../lib/call/read-messages.ts';
import { StreamMessages } from '../../lib/grpc-js/stream-messages.ts';
import { Sink } from '../backpressure/support/sink.ts';
import { settled } from '../support/settled.ts';

/** Numbers from 1 to a last one, with a count of those read. */
function numbers(last: number): { readonly stream: Readable; readonly read: () => number } {
  let given = 0;
  const stream: Readable = new Readable({
    objectMode: true,
    read: () => {
      stream.push(given < last ? Buffer.from(String(++given)) : null);
    },
  });
  return { stream, read: () => given - stream.readableLength };
}

const received = (stream: Readable, prefetch: number, meter?: DirectionStats): Observable<number> =>
  new Observable(subscriber => {
    const { readOn } = readMessages(new StreamMessages(stream, () => readOn()), subscriber, {
      decode: Number,
      prefetch,
      stats: meter,
      complete: () => subscriber.complete(),
      malformed: error => subscriber.error(error),
    });
  });

describe('prefetch', () => {
  it('of 16 is what the stream holds by itself: nothing more is read ahead', async () => {
    const { stream, read } = numbers(1000);
    const sink = new Sink<number>(0);
    received(stream, 16).subscribe(sink);
    await settled(read);
    expect(read()).to.equal(1);
  });

  it('of 40 reads 24 messages further ahead', async () => {
    const { stream, read } = numbers(1000);
    const sink = new Sink<number>(0);
    received(stream, 40).subscribe(sink);
    await settled(read);
    expect(sink.values).to.deep.equal([1]);
    expect(read()).to.be.within(1 + 23, 1 + 25);
  });

  it('resumes reading when two thirds are left, in rows', async () => {
    const { stream, read } = numbers(1000);
    const sink = new Sink<number>(1);
    received(stream, 40).subscribe(sink);
    await sink.has(1);
    await settled(read);
    const before = read();
    sink.admit(5);
    expect(read()).to.equal(before);
    sink.admit(10);
    expect(read()).to.be.above(before);
  });

  it('delivers everything in order, and ends after the held messages', async () => {
    const { stream, read } = numbers(500);
    const sink = new Sink<number>(7);
    const meter = new DirectionStats();
    received(stream, 100, meter).subscribe(sink);
    await sink.has(7);
    await settled(read);
    expect(sink.log).not.to.include('complete');
    sink.admit(1000);
    await sink.ended;
    expect(sink.values).to.deep.equal(Array.from({ length: 500 }, (_, i) => i + 1));
    expect(sink.log.at(-1)).to.equal('complete');
    expect(meter.messages).to.equal(500);
  });

  it('ends after the held messages when everything was read ahead', async () => {
    const { stream } = numbers(20);
    const sink = new Sink<number>(1);
    received(stream, 100).subscribe(sink);
    await once(stream, 'end');
    expect(sink.log).to.deep.equal(['next 1']);
    sink.admit(100);
    await sink.ended;
    expect(sink.values).to.have.length(20);
  });
});
