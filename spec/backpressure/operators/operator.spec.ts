import { expect } from 'chai';
import { type Observable, of, Subject, type Subscriber, throwError } from 'rxjs';
import { pull } from '../../../lib/index.ts';
import { type OperatorObserver, operator } from '../../../lib/operators.ts';
import { Counted } from '../support/counted.ts';
import { Sink } from '../support/sink.ts';

describe('operator', () => {
  let sink: Sink<number>;
  beforeEach(() => {
    sink = new Sink();
  });
  const run = (x$: Observable<number>, attach: (output: Subscriber<number>) => OperatorObserver<number>) =>
    x$.pipe(operator(attach)).subscribe(sink);
  const failing = <T>(what: T) => throwError(() => what);

  it('passes errors and completion on by default', () => {
    run(of(1), output => ({ next: n => output.next(n * 2) }));
    run(failing('mine'), output => ({ next: n => output.next(n) }));
    expect(sink.log).to.deep.equal(['next 2', 'complete', 'error mine']);
  });

  it('may replace an error and the completion', () => {
    const attach = (output: Subscriber<number>): OperatorObserver<number> => ({
      next: () => {},
      error: () => output.complete(),
      complete: () => output.error('too few'),
    });
    run(of(1), attach);
    run(failing('mine'), attach);
    expect(sink.log).to.deep.equal(['error too few', 'complete']);
  });

  it('turns an exception of its functions into an error', () => {
    const throwing = () => {
      throw 'mine';
    };
    run(of(1), () => ({ next: throwing }));
    run(of(), () => ({ next: () => {}, complete: throwing }));
    run(failing('another'), () => ({ next: () => {}, error: throwing }));
    run(of(1), throwing);
    expect(sink.log).to.deep.equal(['error mine', 'error mine', 'error mine', 'error mine']);
  });

  it('creates new state for each subscription', () => {
    let attached = 0;
    const x$ = of(1).pipe(
      operator<number>(output => {
        attached++;
        return { next: n => output.next(n) };
      }),
    );
    expect(attached).to.equal(0);
    x$.subscribe();
    x$.subscribe();
    expect(attached).to.equal(2);
  });

  it('is finalized once, however it is closed', () => {
    let finalized = 0;
    const attach = (output: Subscriber<number>): OperatorObserver<number> => ({
      next: n => output.next(n),
      finalize: () => finalized++,
    });
    const source = new Subject<number>();
    const ways: (() => void)[] = [
      () => run(of(1), attach),
      () => run(failing('mine'), attach),
      () => run(source, attach).unsubscribe(),
      () =>
        run(of(1), output => {
          output.complete();
          return attach(output);
        }),
    ];
    ways.forEach((way, i) => {
      way();
      expect(finalized).to.equal(i + 1);
    });
  });

  it('preserves the chain: its source waits for the sink', () => {
    const source = new Counted();
    sink = new Sink(2);
    run(pull(source), output => ({ next: n => output.next(n) }));
    expect(source.asked).to.equal(2);
  });
});
