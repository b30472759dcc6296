import { expect } from 'chai';
import * as rx from 'rxjs';
import { OverflowError } from '../../../lib/flow/overflow-error.ts';
import { pull } from '../../../lib/flow/pull.ts';
import { onBackpressureBuffer, onBackpressureDrop, onBackpressureLatest } from '../../../lib/operators.ts';
import { Counted } from '../support/counted.ts';
import { Sink } from '../support/sink.ts';

/** Five values from a Subject into a sink with room for one, which then gets room for all. */
function five(operator: rx.MonoTypeOperatorFunction<number>) {
  const input$ = new rx.Subject<number>();
  const sink = new Sink<number>(1);
  input$.pipe(operator).subscribe(sink);
  for (let n = 1; n <= 5; n++) input$.next(n);
  return { input$, sink };
}

describe('onBackpressureBuffer', () => {
  it('holds up to its limit and gives it on when there is room', () => {
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

  it('is an error that names the remedy at one value more', () => {
    const { sink } = five(onBackpressureBuffer(3));
    expect(sink.failure).to.be.instanceOf(OverflowError);
    expect(sink.failure.message).to.match(/more than 3 values wait.*pull.*drop/);
  });

  it('drops the oldest, or the latest, if told to', () => {
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

  it('gives an error of its source after what it holds', () => {
    const { input$, sink } = five(onBackpressureBuffer(9));
    input$.error('no');
    sink.admit(9);
    expect(sink.log.slice(-2)).to.deep.equal(['next 5', 'error no']);
  });

  it('holds nothing of a source that can wait', () => {
    const source = new Counted();
    const buffer = onBackpressureBuffer<number>(10);
    const sink = new Sink<number>(3);
    pull(source).pipe(buffer).subscribe(sink);
    expect(source.asked).to.equal(3);
    expect(buffer.queued).to.equal(0);
  });

  it('counts no more what was unsubscribed from', () => {
    const buffer = onBackpressureBuffer<number>(9);
    const input$ = new rx.Subject<number>();
    const subscription = input$.pipe(buffer).subscribe(new Sink<number>(0));
    input$.next(1);
    expect(buffer.queued).to.equal(1);
    subscription.unsubscribe();
    expect(buffer.queued).to.equal(0);
  });

  it('refuses a limit below 1 and an unknown overflow', () => {
    expect(() => onBackpressureBuffer(0)).to.throw(RangeError);
    expect(() => onBackpressureBuffer(1, { overflow: 'drop' as 'error' })).to.throw(TypeError);
  });
});

describe('onBackpressureDrop', () => {
  it('drops what comes while what stands below is full, and tells', () => {
    const told: number[] = [];
    const drop = onBackpressureDrop<number>(n => told.push(n));
    const { input$, sink } = five(drop);
    sink.admit(1);
    input$.next(6);
    expect(sink.values).to.deep.equal([1, 6]);
    expect(told).to.deep.equal([2, 3, 4, 5]);
    expect(drop.dropped).to.equal(4);
  });

  it('drops nothing in front of a plain subscribe', () => {
    const seen: number[] = [];
    rx.range(1, 100)
      .pipe(onBackpressureDrop())
      .subscribe(n => seen.push(n));
    expect(seen).to.have.length(100);
  });
});

describe('onBackpressureLatest', () => {
  it('keeps the latest while what stands below is full', () => {
    const latest = onBackpressureLatest<number>();
    const { sink } = five(latest);
    sink.admit(1);
    expect(sink.values).to.deep.equal([1, 5]);
    expect(latest).to.include({ queued: 0, dropped: 3 });
  });
});
