import { once } from 'node:events';
import { Readable } from 'node:stream';
import { expect } from 'chai';
import { Observable } from 'rxjs';
import { readMessages } from '../../lib/call/read-messages.ts';
import { StreamMessages } from '../../lib/grpc-js/stream-messages.ts';
import { Sink } from '../backpressure/support/sink.ts';

/** A stream of messages that are pushed by hand, with a count of reads. */
class Messages extends Readable {
  taken = 0;

  constructor(...texts: string[]) {
    super({ objectMode: true, read: () => {} });
    for (const text of texts) this.push(Buffer.from(text));
  }

  override read(size?: number): any {
    const bytes = super.read(size);
    if (bytes !== null) this.taken++;
    return bytes;
  }
}

/** A codec in which the text 'bad' cannot be decoded. */
const messages = (stream: Readable): Observable<string> =>
  new Observable(subscriber => {
    const { readOn } = readMessages(new StreamMessages(stream, () => readOn()), subscriber, {
      decode: bytes => {
        if (String(bytes) === 'bad') throw new Error('malformed');
        return String(bytes);
      },
      complete: () => subscriber.complete(),
      malformed: error => subscriber.error(error),
    });
  });

describe('readMessages', () => {
  it('delivers each message in order and completes when the stream ends', async () => {
    const stream = new Messages('a', 'b');
    const sink = new Sink<string>();
    messages(stream).subscribe(sink);
    stream.push(Buffer.from('c'));
    stream.push(null);
    await sink.ended;
    expect(sink.log).to.deep.equal(['next a', 'next b', 'next c', 'complete']);
  });

  it('reads one message without demand, and no more while the sink is full', () => {
    const stream = new Messages('a', 'b', 'c');
    const sink = new Sink<string>(0);
    messages(stream).subscribe(sink);
    expect(sink.values).to.deep.equal(['a']);
    expect(stream.taken).to.equal(1);
    sink.admit(2); // for the message that arrived, and for one more
    expect(stream.taken).to.equal(2);
  });

  it('does not read while the sink is full, whatever arrives', async () => {
    const stream = new Messages('a');
    const sink = new Sink<string>(1);
    messages(stream).subscribe(sink);
    const readable = once(stream, 'readable');
    stream.push(Buffer.from('b'));
    await readable;
    expect(stream.taken).to.equal(1);
    expect(sink.gate.waiting).to.equal(1);
    sink.admit(1);
    expect(sink.values).to.deep.equal(['a', 'b']);
  });

  it('keeps its one pending read when nothing was available', async () => {
    const stream = new Messages();
    const sink = new Sink<string>(0);
    messages(stream).subscribe(sink);
    expect(sink.gate.waiting).to.equal(0);
    stream.push(Buffer.from('a'));
    await sink.has(1);
    expect(sink.gate.waiting).to.equal(1);
  });

  it('delivers the end only after all held messages', async () => {
    const stream = new Messages('a', 'b');
    stream.push(null);
    const sink = new Sink<string>(1);
    messages(stream).subscribe(sink);
    await new Promise(setImmediate);
    expect(sink.log).to.deep.equal(['next a']);
    sink.admit(2);
    await sink.ended;
    expect(sink.log).to.deep.equal(['next a', 'next b', 'complete']);
  });

  it('delivers the end once, also when that makes room in a full sink', async () => {
    const stream = new Messages('a');
    const sink = new Sink<string>(1);
    let ends = 0;
    const message$ = new Observable<string>(subscriber => {
      const { readOn } = readMessages(new StreamMessages(stream, () => readOn()), subscriber, {
        decode: String,
        complete: () => {
          ends++;
          sink.admit(1);
        },
        malformed: error => subscriber.error(error),
      });
    });
    const subscription = message$.subscribe(sink);
    expect(sink.gate.waiting).to.equal(1);
    const ended = once(stream, 'end');
    stream.push(null);
    await ended;
    expect([ends, sink.gate.waiting]).to.deep.equal([1, 0]);
    subscription.unsubscribe();
  });

  it('delivers the end to a subscriber that comes after the last message has arrived', async () => {
    const stream = new Messages();
    stream.push(null);
    await new Promise(setImmediate);
    const sink = new Sink<string>();
    messages(stream).subscribe(sink);
    await sink.ended;
    expect(sink.log).to.deep.equal(['complete']);
  });

  it('reads nothing more after a message that cannot be decoded', async () => {
    const stream = new Messages('a', 'bad', 'b');
    const sink = new Sink<string>();
    messages(stream).subscribe(sink);
    expect(sink.log).to.deep.equal(['next a', 'error Error: malformed']);
    expect(stream.taken).to.equal(2);
  });

  it('leaves the stream as it is on unsubscribe', async () => {
    const stream = new Messages('a', 'b');
    const sink = new Sink<string>(1);
    const subscription = messages(stream).subscribe(sink);
    subscription.unsubscribe();
    expect(sink.gate.waiting).to.equal(0);
    await new Promise(setImmediate);
    expect(stream.destroyed).to.equal(false);
    expect(stream.readableFlowing).to.not.equal(true);
    expect(String(stream.read())).to.equal('b');
  });

  it('does not grow the stack over many available messages', () => {
    const stream = new Messages();
    for (let i = 0; i < 50_000; i++) stream.push(Buffer.from('x'));
    const sink = new Sink<string>();
    messages(stream).subscribe(sink);
    expect(sink.values.length).to.equal(50_000);
  });
});
