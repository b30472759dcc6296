import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { PassThrough, Readable } from 'node:stream';
import { ReadableStream } from 'node:stream/web';
import { expect } from 'chai';
import { concat, ignoreElements, repeat, take } from 'rxjs';
import { pull } from '../../lib/index.ts';
import { Sink } from './support/sink.ts';

const readable = (last: number): Readable => Readable.from(Array.from({ length: last }, (_, i) => i + 1));

/** The stream 1, 2, 3 …, and a record of what happens to it. */
function webStream(last: number) {
  const seen = { asked: 0, cancelled: 0 };
  const stream = new ReadableStream<number>(
    {
      pull: controller => {
        if (++seen.asked > last) controller.close();
        else controller.enqueue(seen.asked);
      },
      cancel: () => {
        seen.cancelled++;
      },
    },
    { highWaterMark: 0 },
  );
  return { stream: stream as globalThis.ReadableStream<number>, seen };
}

describe('pull of a Node stream', () => {
  it('delivers what it reads and completes', async () => {
    const sink = new Sink<number>();
    pull(readable(3)).subscribe(sink);
    await sink.ended;
    expect(sink.log).to.deep.equal(['next 1', 'next 2', 'next 3', 'complete']);
  });

  it('reads one value for each that the sink has room for', async () => {
    const sink = new Sink<number>(1);
    const stream = new PassThrough({ objectMode: true, highWaterMark: 1 });
    pull(stream).subscribe(sink);
    stream.write(1);
    stream.write(2);
    stream.write(3);
    await sink.has(1);
    expect(sink.gate.waiting).to.equal(1);
    sink.admit(1);
    await sink.has(2);
    expect(sink.values).to.deep.equal([1, 2]);
  });

  it('is destroyed on unsubscribe, also while a read is pending', async () => {
    const stream = new PassThrough();
    pull(stream).subscribe().unsubscribe();
    expect(stream.destroyed).to.equal(true);
    await once(stream, 'close');
  });

  it('is destroyed on unsubscribe before anything was read', () => {
    const stream = readable(3);
    pull(stream).subscribe(new Sink(0)).unsubscribe();
    expect(stream.destroyed).to.equal(true);
  });

  it('passes on its error after the values before it', async () => {
    const stream = new PassThrough({ objectMode: true });
    const sink = new Sink<number>();
    pull(stream).subscribe(sink);
    stream.write(1);
    await sink.has(1);
    stream.destroy(new Error('disk'));
    await sink.ended;
    expect(sink.log).to.deep.equal(['next 1', 'error Error: disk']);
  });

  it('passes on an error that occurred while the sink was full from the start', async () => {
    const stream = createReadStream('/does/not/exist');
    const sink = new Sink<Buffer>(0);
    pull(stream).subscribe(sink);
    await new Promise<void>(resolve => stream.on('close', resolve));
    sink.admit(1);
    await sink.ended;
    expect(sink.failure).to.have.property('code', 'ENOENT');
  });

  it('is ignored after unsubscribing', async () => {
    const stream = createReadStream('/does/not/exist');
    pull(stream).subscribe(new Sink(0)).unsubscribe();
    await new Promise<void>(resolve => stream.on('close', resolve)); // spec/hooks.ts reports an uncaught error
  });
});

describe('pull of a web stream', () => {
  it('delivers what it reads and completes', async () => {
    const sink = new Sink<number>();
    pull(webStream(2).stream).subscribe(sink);
    await sink.ended;
    expect(sink.log).to.deep.equal(['next 1', 'next 2', 'complete']);
  });

  it('requests nothing while the sink is full', async () => {
    const { stream, seen } = webStream(3);
    const sink = new Sink<number>(1);
    pull(stream).subscribe(sink);
    await sink.has(1);
    expect(sink.gate.waiting).to.equal(1);
    expect(seen.asked).to.equal(1);
  });

  it('is cancelled on unsubscribe, also while a read is pending', () => {
    const { stream, seen } = webStream(3);
    pull(stream).subscribe().unsubscribe();
    expect(seen.cancelled).to.equal(1);
  });

  it('is cancelled when the subscriber has enough', async () => {
    const { stream, seen } = webStream(3);
    const sink = new Sink<number>();
    pull(stream).pipe(take(2)).subscribe(sink);
    await sink.ended;
    expect(seen).to.deep.equal({ asked: 2, cancelled: 1 });
  });

  it('is an error when it is locked', () => {
    const { stream } = webStream(1);
    stream.getReader();
    const sink = new Sink<number>();
    pull(stream).subscribe(sink);
    expect(sink.failure).to.be.instanceOf(TypeError);
  });
});

describe('A source that can be read once', () => {
  const onceOnly: Record<string, () => any> = {
    'a generator object': () =>
      (function* () {
        yield 1;
      })(),
    'an async generator object': () =>
      (async function* () {
        yield 1;
      })(),
    'an iterator': () => [1].values(),
    'a Node stream': () => readable(1),
    'a web stream': () => webStream(1).stream,
  };

  for (const [name, open] of Object.entries(onceOnly)) {
    it(`errors the second time, with the remedy in its message: ${name}`, async () => {
      const sink = new Sink<number>();
      pull<number>(open()).pipe(repeat(2)).subscribe(sink);
      await sink.ended;
      expect(sink.values).to.deep.equal([1]);
      expect(sink.failure).to.be.instanceOf(TypeError);
      expect(sink.failure.message).to.match(/read only once, and it has been.*pull\(\(\) => open\(\)\)/s);
    });

    it(`also errors through another pull(): ${name}`, async () => {
      const source = open();
      const sink = new Sink<number>();
      concat(pull<number>(source).pipe(ignoreElements()), pull<number>(source)).subscribe(sink);
      await sink.ended;
      expect(sink.failure).to.be.instanceOf(TypeError);
    });

    it(`can be read again when a function opens it: ${name}`, async () => {
      const sink = new Sink<number>();
      pull<number>(open).pipe(repeat(2)).subscribe(sink);
      await sink.ended;
      expect(sink.log).to.deep.equal(['next 1', 'next 1', 'complete']);
    });
  }

  for (const [name, source] of Object.entries({ 'an array': [1], 'a Set': new Set([1]), 'a string': '1' })) {
    it(`does not include ${name}`, () => {
      const sink = new Sink<unknown>();
      pull<unknown>(source).pipe(repeat(2)).subscribe(sink);
      expect(sink.log).to.deep.equal(['next 1', 'next 1', 'complete']);
    });
  }
});
