import { expect } from 'chai';
import * as rx from 'rxjs';
import { OverflowError, pull } from '../../../lib/index.ts';
import { share } from '../../../lib/operators.ts';
import { Counted, HandAnswered } from '../support/counted.ts';
import { Sink } from '../support/sink.ts';

describe('share', () => {
  it('is paced by its slowest subscriber', () => {
    const source = new Counted();
    const shared$ = pull(source).pipe(share());
    const [slow, quick] = [new Sink<number>(0), new Sink<number>()];
    shared$.subscribe(slow);
    shared$.subscribe(quick);
    expect(source.asked).to.equal(0);
    slow.admit(3);
    expect(source.asked).to.equal(3);
    expect(slow.values).to.deep.equal(quick.values);
  });

  it('resumes when its slowest subscriber leaves', () => {
    const source = new Counted(4);
    const shared$ = pull(source).pipe(share());
    const [slow, quick] = [new Sink<number>(0), new Sink<number>(2)];
    const leaving = shared$.subscribe(slow);
    shared$.subscribe(quick);
    leaving.unsubscribe();
    expect(quick.values).to.deep.equal([1, 2]);
    quick.admit(9);
    expect(quick.log.at(-1)).to.equal('complete');
    expect([slow.gate.waiting, quick.gate.waiting]).to.deep.equal([0, 0]);
  });

  it('wakes its source when two subscribers become ready one after another', () => {
    const source = new Counted();
    const shared$ = pull(source).pipe(share());
    const [a, b] = [new Sink<number>(0), new Sink<number>(0)];
    shared$.subscribe(a);
    shared$.subscribe(b);
    a.admit(2);
    expect(source.asked).to.equal(0);
    b.admit(1);
    expect(source.asked).to.equal(1);
    b.admit(5);
    expect(source.asked).to.equal(2);
  });

  it('with maxLag is paced by its fastest subscriber, and drops one that lags further behind', () => {
    const source = new Counted();
    const shared$ = pull(source).pipe(share({ maxLag: 3 }));
    const [slow, quick] = [new Sink<number>(1), new Sink<number>(0)];
    shared$.subscribe(slow);
    shared$.subscribe(quick);
    quick.admit(3);
    expect(slow.failure).to.equal(undefined);
    quick.admit(1);
    expect(slow.failure).to.be.instanceOf(OverflowError);
    expect(slow.values).to.deep.equal([1]);
    quick.admit(1);
    expect(quick.values).to.deep.equal([2, 3, 4, 5, 6]);
    expect(quick.failure).to.equal(undefined);
  });

  it('with maxLag drops nobody when all are slow: the source waits', () => {
    const source = new Counted();
    const shared$ = pull(source).pipe(share({ maxLag: 1 }));
    const [a, b] = [new Sink<number>(0), new Sink<number>(0)];
    for (const sink of [a, b]) shared$.subscribe(sink);
    expect(source.asked).to.equal(0);
    a.admit(1);
    b.admit(2);
    a.admit(1);
    expect(source.asked).to.equal(2);
    expect([a.values, b.values]).to.deep.equal([
      [1, 2],
      [1, 2],
    ]);
    expect([a.failure, b.failure]).to.deep.equal([undefined, undefined]);
  });

  it('with maxLag continues for a second subscriber whenever it has room, while the first is full', async () => {
    const source = new HandAnswered<number>();
    const shared$ = pull(source).pipe(share({ maxLag: 10 }));
    const [full, second] = [new Sink<number>(0), new Sink<number>(1)];
    shared$.subscribe(full);
    shared$.subscribe(second);
    for (let n = 1; n <= 3; n++) {
      expect(source.asked).to.equal(n);
      source.answer(n);
      await second.has(n);
      expect(source.asked).to.equal(n);
      second.admit(1);
    }
    expect(source.asked).to.equal(4);
    expect(full.failure).to.equal(undefined);
  });

  it('waits while nobody subscribes and the connection is kept', () => {
    const source = new Counted();
    const shared$ = pull(source).pipe(share({ resetOnRefCountZero: false }));
    shared$.pipe(rx.take(3)).subscribe();
    expect(source.asked).to.equal(3);
    const sink = new Sink<number>(2);
    shared$.subscribe(sink);
    expect(sink.values).to.deep.equal([4, 5]);
  });

  it('refuses a maxLag below 1', () => {
    expect(() => share({ maxLag: 0 })).to.throw(RangeError);
  });

  it('counts, resets and connects like that of RxJS', () => {
    const configs: rx.ShareConfig<number>[] = [
      {},
      { connector: () => new rx.ReplaySubject(1) },
      { resetOnRefCountZero: false, connector: () => new rx.ReplaySubject(2) },
      { resetOnComplete: false, connector: () => new rx.BehaviorSubject(0) },
      { resetOnError: false },
    ];
    for (const config of configs) {
      const logs = [share<number>(config), rx.share<number>(config)].map(operator => {
        let connections = 0;
        const input$ = new rx.Subject<number>();
        const shared$ = rx
          .defer(() => {
            connections++;
            return input$;
          })
          .pipe(operator);
        const [a, b, c] = [new Sink<number>(), new Sink<number>(), new Sink<number>()];
        const subscription = shared$.subscribe(a);
        input$.next(1);
        shared$.subscribe(b).unsubscribe();
        input$.next(2);
        subscription.unsubscribe();
        input$.next(3);
        shared$.subscribe(c);
        input$.error('no');
        return [connections, a.log, b.log, c.log];
      });
      expect(logs[0]).to.deep.equal(logs[1]);
    }
  });
});
