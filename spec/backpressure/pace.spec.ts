import { expect } from 'chai';
import { concat, map, merge, NEVER, Observable, type Observer, of, Subject, take, takeUntil, tap } from 'rxjs';
import { Gate } from '../../lib/backpressure/gate.ts';
import { pace } from '../../lib/backpressure/pace.ts';
import { type Demand, demand, pull } from '../../lib/index.ts';
import { concatMap, operator } from '../../lib/operators.ts';
import { Counted } from './support/counted.ts';
import { Sink } from './support/sink.ts';

/**
 * A source that always has a value: 1, 2, 3 … It starts by itself, and may deliver one value unasked, as an inbound stream does.
 */
const endless = (unasked: 0 | 1 = 0) =>
  new Observable<number>(subscriber => {
    let value = 0;
    pace(
      subscriber,
      () => {
        subscriber.next(++value);
        return true;
      },
      { unasked },
    )();
  });

describe('pace', () => {
  it('delivers nothing while the sink is full', () => {
    const sink = new Sink<number>(0);
    endless().subscribe(sink);
    expect(sink.values).to.deep.equal([]);
    expect(sink.gate.waiting).to.equal(1);
  });

  it('delivers as many values as the sink has room for', () => {
    const sink = new Sink<number>(3);
    endless().subscribe(sink);
    expect(sink.values).to.deep.equal([1, 2, 3]);
    sink.admit(2);
    expect(sink.values).to.deep.equal([1, 2, 3, 4, 5]);
  });

  it('delivers one value unasked for an inbound stream, and one after each demand', () => {
    const sink = new Sink<number>(0);
    endless(1).subscribe(sink);
    expect(sink.values).to.deep.equal([1]);
    sink.admit(1); // compensates for the unasked one
    expect(sink.values).to.deep.equal([1]);
    sink.admit(1);
    expect(sink.values).to.deep.equal([1, 2]);
  });

  it('checks every stage below before each value', () => {
    const sink = new Sink<string>(2);
    const seen: number[] = [];
    endless()
      .pipe(
        tap(n => seen.push(n)),
        concatMap(n => (n === 1 ? of('a', 'b') : NEVER)),
      )
      .subscribe(sink);
    expect(seen, 'the sink is full').to.deep.equal([1]);
    sink.admit(1);
    expect(seen, 'the sink has room').to.deep.equal([1, 2]);
  });

  it('alternates between two sources', () => {
    const sink = new Sink<string>(0);
    merge(pull(new Counted()).pipe(map(n => `a${n}`)), pull(new Counted()).pipe(map(n => `b${n}`))).subscribe(sink);
    for (let i = 0; i < 6; i++) sink.admit(1);
    expect(sink.values).to.deep.equal(['a1', 'b1', 'a2', 'b2', 'a3', 'b3']);
  });

  it('stops when it is unsubscribed during a delivery', () => {
    const sink = new Sink<number>();
    endless().pipe(take(3)).subscribe(sink);
    expect(sink.log).to.deep.equal(['next 1', 'next 2', 'next 3', 'complete']);
  });

  it('stops waiting once it is unsubscribed', () => {
    const sink = new Sink<number>(1);
    const subscription = endless().subscribe(sink);
    expect(sink.gate.waiting).to.equal(1);
    subscription.unsubscribe();
    expect(sink.gate.waiting).to.equal(0);
  });

  it('continues when a stage becomes ready while it is asked', () => {
    const sink = new Sink<number>(1);
    const { gate } = sink;
    const onReady = gate.onReady.bind(gate);
    let admitted = 0;
    gate.onReady = resume => {
      const undo = onReady(resume);
      if (admitted++ < 100_000) sink.admit(1);
      return undo;
    };
    endless().subscribe(sink);
    expect(sink.values.length).to.equal(100_001);
    expect(gate.waiting).to.equal(1);
  });

  it('delivers one value at a time, also when it is restarted during a delivery', () => {
    const log: string[] = [];
    let delivered = 0;
    let run!: () => void;
    new Observable<number>(subscriber => {
      run = pace(subscriber, () => {
        if (delivered === 3) return false;
        subscriber.next(++delivered);
        return true;
      });
      run();
    }).subscribe(n => {
      log.push(`begin ${n}`);
      run();
      log.push(`end ${n}`);
    });
    expect(log).to.deep.equal(['begin 1', 'end 1', 'begin 2', 'end 2', 'begin 3', 'end 3']);
  });

  it('carries a million synchronous values through three stages without growing the stack', () => {
    let count = 0;
    const depths = new Set<number>();
    pull(new Counted(1_000_000))
      .pipe(
        operator<number>(output => ({ next: n => output.next(n) })),
        concatMap(n => of(n)),
        map(n => n),
      )
      .subscribe(n => {
        count++;
        if (n === 2 || n === 1_000_000) depths.add(stackDepth());
      });
    expect(count).to.equal(1_000_000);
    expect(depths.size).to.equal(1);
  });

  it('lets the first value of an inbound stream end a full download (takeUntil)', () => {
    const arrive = new Subject<void>();
    const inbound$ = new Observable<void>(subscriber => {
      let held = 0;
      const deliver = () => {
        if (held === 0) return false;
        held--;
        subscriber.next();
        return true;
      };
      const run = pace(subscriber, deliver, { unasked: 1 });
      arrive.subscribe(() => {
        held = 1;
        run();
      });
      run();
    });
    const sink = new Sink<number>(0);
    const download = new Counted();
    pull(download).pipe(takeUntil(inbound$)).subscribe(sink);
    expect(sink.gate.waiting).to.equal(1);
    arrive.next();
    expect(sink.log).to.deep.equal(['complete']);
    expect(sink.gate.waiting).to.equal(0);
  });

  it('inspects the chain once, when it is subscribed', () => {
    let looks = 0;
    const full = new Gate(() => false);
    const end: Partial<Observer<number>> & { readonly [demand]: Demand } = {
      next: () => {},
      get [demand]() {
        looks++;
        return full;
      },
    };
    const values = new Counted(3);
    const subscription = concat(NEVER, pull(values)).subscribe(end);
    expect(looks).to.equal(0);
    subscription.unsubscribe();
    pull(values).subscribe(end);
    full.wake();
    expect(values.asked).to.equal(0);
    expect(looks).to.be.within(1, 2); // once to check that it exists
  });
});

function stackDepth(): number {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = Number.POSITIVE_INFINITY;
  const depth = new Error().stack!.split('\n').length;
  Error.stackTraceLimit = stackTraceLimit;
  return depth;
}
