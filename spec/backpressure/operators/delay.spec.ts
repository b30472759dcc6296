import { expect } from 'chai';
import * as rx from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { pull } from '../../../lib/index.ts';
import { delay, observeOn } from '../../../lib/operators.ts';
import { Counted } from '../support/counted.ts';
import { Sink } from '../support/sink.ts';

const scheduler = (): TestScheduler =>
  new TestScheduler((actual, expected) => {
    expect(actual).to.deep.equal(expected);
  });

describe('delay', () => {
  for (const source of ['-a-b-c|', '--a-#', '(abc|)', '|', '-', '#', '-a-(bc)-|', '-a-b-   ']) {
    for (const due of [0, 1, 3]) {
      it(`of ${due} frames turns ${source} into the same as that of RxJS`, () => {
        scheduler().run(({ cold, expectObservable }) => {
          const source$ = cold(source);
          expectObservable(source$.pipe(delay(due))).toEqual(source$.pipe(rx.delay(due)));
        });
      });
    }
  }

  it('of an empty source completes at once, like that of RxJS', () => {
    const sink = new Sink<never>();
    rx.EMPTY.pipe(delay(1000)).subscribe(sink);
    expect(sink.log).to.deep.equal(['complete']);
  });

  it('until a Date holds everything until then', () => {
    scheduler().run(({ cold, expectObservable }) => {
      const source$ = cold('-a-b---c|');
      expectObservable(source$.pipe(delay(new Date(5)))).toEqual(source$.pipe(rx.delay(new Date(5))));
    });
  });

  it('emits nothing that it held after an unsubscribe', () => {
    scheduler().run(({ cold, expectObservable }) => {
      expectObservable(cold('ab---').pipe(delay(3)), '---!').toBe('----');
    });
  });

  it('holds 1,024 values of a source that can wait and requests no more', () => {
    const virtual = new rx.VirtualTimeScheduler();
    const source = new Counted();
    const subscription = pull(source).pipe(delay(10, virtual)).subscribe(new Sink<number>(3));
    expect(source.asked).to.equal(1024);
    virtual.flush();
    expect(source.asked).to.equal(1024 + 2); // the third filled the sink
    subscription.unsubscribe();
  });

  it('emits due values only while the stages below are ready', () => {
    const virtual = new rx.VirtualTimeScheduler();
    const source = new Counted(5);
    const sink = new Sink<number>(2);
    pull(source)
      .pipe(
        rx.tap(),
        delay(1, virtual),
        rx.map(n => n),
      )
      .subscribe(sink);
    virtual.flush();
    expect(sink.values).to.deep.equal([1, 2]);
    sink.admit(10);
    virtual.flush();
    expect(sink.log).to.deep.equal(['next 1', 'next 2', 'next 3', 'next 4', 'next 5', 'complete']);
  });

  it('leaves no timer after an unsubscribe', () => {
    const virtual = new rx.VirtualTimeScheduler();
    rx.of(1).pipe(delay(3_600_000, virtual)).subscribe().unsubscribe();
    expect(virtual.actions).to.deep.equal([]);
  });

  it('retains no value that it has emitted', () => {
    const virtual = new rx.VirtualTimeScheduler();
    let kept: unknown[] = [];
    const watched = new rx.Observable<number>(output => {
      const subscription = rx.interval(1, virtual).pipe(rx.take(1000), delay(1, virtual)).subscribe(output);
      kept = (output as unknown as { _finalizers: unknown[] })._finalizers;
      return subscription;
    });
    const before = new Sink<number>();
    watched.subscribe(before);
    virtual.maxFrames = 900;
    virtual.flush();
    expect(before.values.length).to.be.above(800);
    expect(kept.length).to.be.below(5);
  });
});

describe('observeOn', () => {
  for (const source of ['-a-b-c|', '--a-#', '(abc|)', '|', '#']) {
    for (const due of [0, 2]) {
      it(`with a delay of ${due} frames turns ${source} into the same as that of RxJS`, () => {
        scheduler().run(({ cold, expectObservable }) => {
          const source$ = cold(source);
          const on = rx.asyncScheduler;
          expectObservable(source$.pipe(observeOn(on, due))).toEqual(source$.pipe(rx.observeOn(on, due)));
        });
      });
    }
  }

  it('requests nothing more while the stages below are full', () => {
    const virtual = new rx.VirtualTimeScheduler();
    const source = new Counted();
    const sink = new Sink<number>(3);
    const subscription = pull(source).pipe(observeOn(virtual)).subscribe(sink);
    virtual.flush();
    const asked = source.asked;
    expect(sink.values).to.deep.equal([1, 2, 3]);
    virtual.flush();
    expect(source.asked)
      .to.equal(asked)
      .and.to.be.at.most(3 + 1024);
    subscription.unsubscribe();
    expect(source.returned).to.equal(1);
  });
});
