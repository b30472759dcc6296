import { AsyncLocalStorage } from 'node:async_hooks';
import { expect } from 'chai';
import { Observable, Subscriber } from 'rxjs';
import { DirectionStats } from '../../lib/call/direction-stats.ts';
import type { MessageSource } from '../../lib/call/message-channel.ts';
import { type ReadOptions, readMessages } from '../../lib/call/read-messages.ts';

/** Holds messages until they are read; reports them and the end by hand. */
class Messages implements MessageSource {
  readonly held: Buffer[] = [];
  readonly holds = 16;
  hasEnded = false;
  reads = 0;
  /** Called for messages and for the end. */
  readOn = (): void => {};

  constructor(...texts: string[]) {
    for (const text of texts) this.held.push(Buffer.from(text));
  }

  get size(): number {
    return this.held.length;
  }

  read(): Buffer | null {
    this.reads++;
    return this.held.shift() ?? null;
  }

  arrive(...texts: string[]): void {
    for (const text of texts) this.held.push(Buffer.from(text));
    this.readOn();
  }

  finish(): void {
    this.hasEnded = true;
    this.readOn();
  }
}

/** Texts, of which 'bad' cannot be decoded and 'nothing' decodes to undefined. */
function decode(bytes: Buffer): string | undefined {
  if (String(bytes) === 'bad') throw new Error('malformed');
  return String(bytes) === 'nothing' ? undefined : String(bytes);
}

function start(stream: Messages, options: Partial<ReadOptions<string | undefined>> = {}) {
  const log: string[] = [];
  const meter = new DirectionStats();
  // Like the callers of readMessages: the call fails, and with it the reader.
  const fail = (why: string): void => {
    log.push(why);
    subscriber.unsubscribe();
  };
  let subscriber!: Subscriber<string | undefined>;
  let readOn!: () => void;
  new Observable<string | undefined>(output => {
    subscriber = output;
    ({ readOn } = readMessages(stream, output, {
      exactlyOne: true,
      decode,
      stats: meter,
      complete: () => log.push('complete'),
      violated: messages => fail(messages === 'none' ? 'end without one' : 'exceeded'),
      malformed: error => fail(`${error}`),
      ...options,
    }));
  }).subscribe(message => log.push(`end with ${message}`));
  stream.readOn = readOn;
  return { log, meter, subscriber };
}

describe('readMessages of exactly one', () => {
  it('delivers the message when the stream ends, and not before', () => {
    const stream = new Messages('a');
    const { log } = start(stream);
    expect(stream.held, 'it is read').to.deep.equal([]);
    expect(log).to.deep.equal([]);
    stream.finish();
    expect(log).to.deep.equal(['end with a', 'complete']);
  });

  it('reads a message that arrives later', () => {
    const stream = new Messages();
    const { log } = start(stream);
    stream.arrive();
    stream.arrive('a');
    stream.finish();
    expect(log).to.deep.equal(['end with a', 'complete']);
  });

  it('reports an end without a message, and a message that is undefined', () => {
    const empty = new Messages();
    const { log } = start(empty);
    empty.finish();
    expect(log).to.deep.equal(['end without one']);
    const stream = new Messages('nothing');
    const other = start(stream);
    stream.finish();
    expect(other.log).to.deep.equal(['end with undefined', 'complete']);
  });

  it('reports a second message, and reads nothing more', () => {
    for (const later of [false, true]) {
      const stream = later ? new Messages('a') : new Messages('a', 'b', 'c');
      const { log } = start(stream);
      if (later) stream.arrive('b', 'c');
      expect([log, stream.held.map(String)]).to.deep.equal([['exceeded'], ['c']]);
      stream.arrive('d');
      stream.finish();
      expect(log).to.have.lengthOf(1);
    }
  });

  it('delivers nothing and reports no violation when the call has ended with an error', () => {
    for (const texts of [[], ['a']]) {
      const stream = new Messages(...texts);
      const { log } = start(stream, { hasEndedWell: () => false });
      stream.finish();
      expect(log).to.deep.equal([]);
    }
  });

  it('counts an undefined message: a second one is reported', () => {
    expect(start(new Messages('nothing', 'nothing')).log).to.deep.equal(['exceeded']);
  });

  it('reports a message that cannot be decoded, also a second one, and reads nothing more', () => {
    for (const before of [[], ['a']]) {
      const stream = new Messages(...before, 'bad', 'b');
      const { log } = start(stream);
      expect([log, stream.held.map(String)]).to.deep.equal([['Error: malformed'], ['b']]);
    }
  });

  it('counts the message, and none that violates the limit', () => {
    expect(start(new Messages()).meter.messages).to.equal(0);
    expect(start(new Messages('a')).meter.messages).to.equal(1);
    expect(start(new Messages('a', 'b')).meter.messages).to.equal(1);
    expect(start(new Messages('bad')).meter.messages).to.equal(0);
  });

  it('leaves the stream as it is when it is unsubscribed', () => {
    const stream = new Messages('a');
    const { log, subscriber } = start(stream);
    subscriber.unsubscribe();
    const { reads } = stream;
    stream.arrive('b');
    stream.finish();
    expect([log, stream.reads, stream.held.map(String)]).to.deep.equal([[], reads, ['b']]);
  });

  it('reads nothing after an unsubscribe', () => {
    const stream = new Messages('a');
    const subscriber = new Subscriber<string | undefined>();
    subscriber.unsubscribe();
    const never = (): never => expect.fail('told');
    readMessages(stream, subscriber, {
      exactlyOne: true,
      decode,
      complete: never,
      violated: never,
      malformed: never,
    });
    expect(stream.reads).to.equal(0);
  });

  it('decodes and reports in the async context of the reader', () => {
    const storage = new AsyncLocalStorage<string>();
    const seen: unknown[] = [];
    const stream = new Messages();
    storage.run('mine', () =>
      start(stream, {
        decode: bytes => {
          seen.push(storage.getStore());
          return decode(bytes);
        },
        complete: () => seen.push(storage.getStore()),
      }),
    );
    storage.run('of the connection', () => {
      stream.arrive('a');
      stream.finish();
    });
    expect(seen).to.deep.equal(['mine', 'mine']);
  });
});
