import { once } from 'node:events';
import { Readable } from 'node:stream';
import { expect } from 'chai';
import { StreamMessages } from '../../lib/grpc-js/stream-messages.ts';

const message = (n: number): Buffer => Buffer.of(n);

describe('StreamMessages', () => {
  it('requests nothing from the stream before the first read', async () => {
    let requests = 0;
    const stream = new Readable({ objectMode: true, read: () => requests++ });
    const messages = new StreamMessages(stream, () => {});
    await new Promise(setImmediate);
    expect([requests, messages.size, messages.hasEnded]).to.deep.equal([0, 0, false]);
    expect([messages.read(), requests]).to.deep.equal([null, 1]);
  });

  it('reports messages and the end, and finds the end without a reader', async () => {
    const stream = new Readable({ objectMode: true, read: () => {} });
    const log: [number, boolean][] = [];
    const messages = new StreamMessages(stream, () => log.push([messages.size, messages.hasEnded]));
    messages.read();
    const readable = once(stream, 'readable');
    stream.push(message(1));
    await readable;
    expect(log).to.deep.equal([[1, false]]);
    expect(messages.read()![0]).to.equal(1);
    const ended = once(stream, 'end');
    stream.push(null);
    await ended;
    expect(log.at(-1)).to.deep.equal([0, true]);
  });

  it('returns a message that it read while it looked for the end before the messages behind it', () => {
    const held = [message(1), message(2)];
    const stream = Object.assign(new Readable({ objectMode: true }), { read: () => held.shift() ?? null });
    const messages = new StreamMessages(stream, () => {});
    expect(messages.read()![0]).to.equal(1);
    stream.emit('readable');
    expect(held).to.deep.equal([]);
    held.push(message(3));
    expect([messages.size, messages.read()![0], messages.read()![0], messages.read()]).to.deep.equal([1, 2, 3, null]);
  });
});
