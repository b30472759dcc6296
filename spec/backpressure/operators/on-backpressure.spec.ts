import { expect } from 'chai';
import * as rx from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { OverflowError, pull } from '../../../lib/index.ts';
import { onBackpressureBuffer, onBackpressureDrop, onBackpressureLatest, type Policy } from '../../../lib/operators.ts';
import { Counted } from '../support/counted.ts';
import { Sink } from '../support/sink.ts';

/** Emits five values from a Subject into a sink with room for one, then gives the sink room for all. */
function five(operator: rx.MonoTypeOperatorFunction<number>) {
  const input$ = new rx.Subject<number>();
  const sink = new Sink<number>(1);
  input$.pipe(operator).subscribe(sink);
  for (let n = 1; n <= 5; n++) input$.next(n);
  return { input$, sink };
}

describe('onBackpressureBuffer', () => {
  it('holds values up to its limit and emits them when there is room', () => {
    const buffer = onBackpressureBuffer<number>(4);
    const { input$, sink } = five(buffer);
    expect(sink.values).to.deep.equal([1]);
    expect(buffer).to.include({ queued: 4, dropped: 0 });
    input$.complete();
    expect(sink.log).to.deep.equal(['next 1']);
    sink.admit(9);
    expect(sink.log).to.deep.equal(['next 1', 'next 2', 'next 3', 'next 4', 'next 5', 'complete']);
    expect(buffer.queued).to.equal(0);
  });

  it('errors at one value more, with the remedy in its message', () => {
    const { sink } = five(onBackpressureBuffer(3));
    expect(sink.failure).to.be.instanceOf(OverflowError);
    expect(sink.failure.message).to.match(/more than 3 values wait.*drop.*no policy.*pull/);
  });

  it('drops the oldest or the latest value if configured', () => {
    const oldest = onBackpressureBuffer<number>(2, { overflow: 'dropOldest' });
    const latest = onBackpressureBuffer<number>(2, { overflow: 'dropLatest' });
    for (const [policy, expected] of [
      [oldest, [1, 4, 5]],
      [latest, [1, 2, 3]],
    ] as const) {
      const { sink } = five(policy);
      sink.admit(9);
      expect(sink.values).to.deep.equal(expected);
      expect(policy.dropped).to.equal(2);
    }
  });

  it('passes on an error of its source after the values it holds', () => {
    const { input$, sink } = five(onBackpressureBuffer(9));
    input$.error('no');
    sink.admit(9);
    expect(sink.log.slice(-2)).to.deep.equal(['next 5', 'error no']);
  });

  it('releases its values when it overflows', () => {
    const input$ = new rx.Subject<number>();
    const sink = new Sink<number>(0);
    const buffer = onBackpressureBuffer<number>(1);
    input$.pipe(buffer).subscribe(sink);
    input$.next(1);
    input$.next(2);
    expect(sink.failure).to.be.instanceOf(OverflowError);
    expect(buffer.queued).to.equal(0);
    expect(input$.observed).to.equal(false);
  });

  it('releases its count on unsubscribe', () => {
    const buffer = onBackpressureBuffer<number>(9);
    const input$ = new rx.Subject<number>();
    const subscription = input$.pipe(buffer).subscribe(new Sink<number>(0));
    input$.next(1);
    expect(buffer.queued).to.equal(1);
    subscription.unsubscribe();
    expect(buffer.queued).to.equal(0);
  });

  it('refuses a limit below 1 and an unknown overflow mode', () => {
    expect(() => onBackpressureBuffer(0)).to.throw(RangeError);
    expect(() => onBackpressureBuffer(1, { overflow: 'drop' as 'error' })).to.throw(TypeError);
  });
});

describe('onBackpressureDrop', () => {
  it('drops values while the stages below are full, and counts them', () => {
    const told: number[] = [];
    const drop = onBackpressureDrop<number>(n => told.push(n));
    const { input$, sink } = five(drop);
    sink.admit(1);
    input$.next(6);
    expect(sink.values).to.deep.equal([1, 6]);
    expect(told).to.deep.equal([2, 3, 4, 5]);
    expect(drop.dropped).to.equal(4);
  });

  it('drops nothing before a plain subscribe', () => {
    const seen: number[] = [];
    rx.range(1, 100)
      .pipe(onBackpressureDrop())
      .subscribe(n => seen.push(n));
    expect(seen).to.have.length(100);
  });
});

describe('onBackpressureLatest', () => {
  it('keeps the latest value while the stages below are full', () => {
    const latest = onBackpressureLatest<number>();
    const { sink } = five(latest);
    sink.admit(1);
    expect(sink.values).to.deep.equal([1, 5]);
    expect(latest).to.include({ queued: 0, dropped: 3 });
  });

  it('emits the latest value before the completion of its source', () => {
    const { input$, sink } = five(onBackpressureLatest());
    input$.complete();
    sink.admit(1);
    expect(sink.log).to.deep.equal(['next 1', 'next 5', 'complete']);
  });
});

describe('onBackpressureLatest({ by })', () => {
  interface Quote {
    readonly symbol: string;
    readonly price: number;
  }
  const bySymbol = { by: ({ symbol }: Quote) => symbol };
  const quotesOf = (text: string): Quote[] =>
    text.split(' ').map(quote => ({ symbol: quote[0]!, price: Number(quote.slice(1)) }));
  const asText = (quotes: readonly Quote[]) => quotes.map(({ symbol, price }) => symbol + price).join(' ');

  it('keeps the latest value of each key, and the turn of each key', () => {
    const latest = onBackpressureLatest<Quote>(bySymbol);
    const input$ = new rx.Subject<Quote>();
    const sink = new Sink<Quote>(1);
    input$.pipe(latest).subscribe(sink);
    for (const quote of quotesOf('a1 a2 b1 c1 a3 b2 a4')) input$.next(quote);
    expect(latest).to.include({ queued: 3, dropped: 3 });
    sink.admit(1);
    for (const quote of quotesOf('a5 b3')) input$.next(quote);
    sink.admit(9);
    expect(asText(sink.values)).to.equal('a1 a4 b3 c1 a5');
    expect(latest).to.include({ queued: 0, dropped: 4 });
  });

  it('infers its type from the source', () => {
    const input$ = new rx.Subject<Quote>();
    const prices: number[] = [];
    input$.pipe(onBackpressureLatest({ by: quote => quote.symbol })).subscribe(({ price }) => prices.push(price));
    for (const quote of quotesOf('a1 b2')) input$.next(quote);
    expect(prices).to.deep.equal([1, 2]);
  });

  it('errors at one key more than may wait, with the remedy in its message', () => {
    const input$ = new rx.Subject<Quote>();
    const sink = new Sink<Quote>(0);
    input$.pipe(onBackpressureLatest({ ...bySymbol, maxKeys: 2 })).subscribe(sink);
    for (const quote of quotesOf('a1 b1 a2 b2')) input$.next(quote);
    expect(sink.failure).to.equal(undefined);
    input$.next({ symbol: 'c', price: 1 });
    expect(sink.failure).to.be.instanceOf(OverflowError);
    expect(sink.failure.message).to.match(/more than 2 keys.*maxKeys/);
  });

  it('passes on an error of the key function', () => {
    const sink = new Sink<number>(0);
    const failure = new Error('no key');
    rx.of(1)
      .pipe(
        onBackpressureLatest({
          by: () => {
            throw failure;
          },
        }),
      )
      .subscribe(sink);
    expect(sink.failure).to.equal(failure);
  });

  it('refuses maxKeys below 1', () => {
    expect(() => onBackpressureLatest({ by: n => n, maxKeys: 0 })).to.throw(RangeError, 'got 0');
  });
});

const policies: Record<string, () => Policy<number>> = {
  onBackpressureBuffer: () => onBackpressureBuffer(100_000),
  onBackpressureDrop: () => onBackpressureDrop(),
  onBackpressureLatest: () => onBackpressureLatest(),
  'onBackpressureLatest({ by })': () => onBackpressureLatest({ by: n => n % 3 }),
};

for (const [name, policy] of Object.entries(policies)) {
  describe(`${name} after a source that can wait`, () => {
    it('reads it to its end while the stages below are full', () => {
      const source = new Counted(1000);
      const sink = new Sink<number>(1);
      const held = policy();
      pull(source).pipe(held).subscribe(sink);
      expect(source.asked).to.equal(1001);
      expect(sink.values).to.deep.equal([1]);
      expect(1 + held.queued + held.dropped).to.equal(1000);
      sink.admit(1000);
      expect(sink.log.at(-1)).to.equal('complete');
      expect(sink.values.length + held.dropped).to.equal(1000);
    });

    it('hides the demand of the stages below from it, and not from a source merged in later', () => {
      const above = new Counted(10);
      const below = new Counted(10);
      const sink = new Sink<number>(3);
      pull(above)
        .pipe(policy(), rx.mergeWith(pull(below)))
        .subscribe(sink);
      expect(above.asked).to.equal(11);
      expect(below.asked).to.equal(0);
    });

    it('unsubscribes it, also during a delivery', () => {
      const source = new Counted();
      const sink = new Sink<number>();
      pull(source).pipe(policy(), rx.take(3)).subscribe(sink);
      expect(sink.values).to.deep.equal([1, 2, 3]);
      expect(source.returned).to.equal(1);
    });
  });
}

/** More values than any of these specs reads; a failing spec still ends. */
const MANY = 100_000;

describe('A policy after a source that always has a next value', () => {
  const dropping = { onBackpressureDrop, onBackpressureLatest };
  for (const [name, policy] of Object.entries(dropping)) {
    it(`requests 1,024 values, then yields to the event loop: ${name}`, async () => {
      const source = new Counted(MANY);
      const sink = new Sink<number>(1);
      const subscription = pull(source).pipe(policy<number>()).subscribe(sink);
      expect(source.asked).to.equal(1 + 1024);
      await new Promise(setImmediate); // after the setImmediate of the policy
      expect(source.asked).to.equal(1 + 2 * 1024);
      subscription.unsubscribe();
      await new Promise(setImmediate);
      expect(source.asked).to.equal(1 + 2 * 1024);
      expect(source.returned).to.equal(1);
    });
  }

  it('yields to the event loop for a source that answers in microtasks', async () => {
    let asked = 0;
    const source$ = pull(async function* () {
      while (asked < MANY) yield ++asked;
    });
    const subscription = source$.pipe(onBackpressureDrop()).subscribe(new Sink<number>(1));
    await new Promise(setImmediate);
    expect(asked).to.be.below(MANY);
    subscription.unsubscribe();
  });

  it('also yields in virtual time', () => {
    const scheduler = new TestScheduler(() => {});
    const sink = new Sink<number>(1);
    scheduler.run(() => {
      pull(new Counted(3000)).pipe(onBackpressureDrop()).subscribe(sink);
    });
    expect(sink.log).to.deep.equal(['next 1', 'complete']);
  });
});
