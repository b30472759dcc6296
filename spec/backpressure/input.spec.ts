import { expect } from 'chai';
import { type ObservableInput, of } from 'rxjs';
import { fromInput } from '../../lib/backpressure/input.ts';
import { Counted, HandAnswered } from './support/counted.ts';
import { Sink } from './support/sink.ts';

describe('fromInput', () => {
  it('returns an Observable unchanged', () => {
    const x$ = of(1);
    expect(fromInput(x$)).to.equal(x$);
  });

  it('paces an iterable by the sink', () => {
    const source = new Counted();
    fromInput(source).subscribe(new Sink(2));
    expect(source.asked).to.equal(2);
  });

  it('paces an async iterable by the sink', () => {
    const source = new HandAnswered<number>();
    fromInput(source).subscribe(new Sink(0));
    expect(source.asked).to.equal(0);
  });

  const inputs: Record<string, () => ObservableInput<string>> = {
    'a promise': () => Promise.resolve('a'),
    'a generator': () =>
      (function* () {
        yield 'a';
      })(),
    'an async generator': () =>
      (async function* () {
        yield 'a';
      })(),
    'a string': () => 'a' as never,
    'an array-like': () => ({ length: 1, 0: 'a' }),
    'a web stream': () => new Blob(['a']).stream().pipeThrough(new TextDecoderStream()) as never,
    'an Observable of another kind': () => ({ [Symbol.observable ?? '@@observable']: () => of('a') }) as never,
  };
  for (const [name, input] of Object.entries(inputs)) {
    it(`accepts ${name}`, async () => {
      const sink = new Sink<string>();
      fromInput(input()).subscribe(sink);
      await sink.ended;
      expect(sink.log).to.deep.equal(['next a', 'complete']);
    });
  }

  it('awaits a promise that is also iterable, like `from`', async () => {
    const rows = ['a', 'b'];
    const query = Object.assign(Promise.resolve(rows), {
      [Symbol.asyncIterator]: async function* () {
        yield* rows;
      },
    });
    const sink = new Sink<unknown>();
    fromInput<unknown>(query).subscribe(sink);
    await sink.ended;
    expect(sink.values).to.deep.equal([rows]);
  });

  it('refuses anything else, like `from`', () => {
    expect(() => fromInput(undefined as never)).to.throw(
      TypeError,
      /You provided 'undefined' where a stream was expected/,
    );
  });
});
