import { expect } from 'chai';
import * as rx from 'rxjs';
import { pull } from '../../../lib/index.ts';
import { unpaced } from '../../../lib/operators.ts';
import { Counted } from '../support/counted.ts';
import { Sink } from '../support/sink.ts';

describe('unpaced', () => {
  it('lets a source run while the stages below are full', () => {
    const source = new Counted(10);
    const sink = new Sink<number>(0);
    unpaced(pull(source)).subscribe(sink);
    expect(sink.values).to.have.length(10);
    expect(sink.log.at(-1)).to.equal('complete');
  });

  it('lets a notifier end a chain that is full', () => {
    const sink = new Sink<number>(1);
    const source = new Counted();
    const stop$ = pull(['stop']);
    pull(source)
      .pipe(rx.takeUntil(stop$.pipe(rx.delay(0, rx.queueScheduler))))
      .subscribe(new Sink<number>(0));
    pull(source)
      .pipe(rx.takeUntil(unpaced(stop$)))
      .subscribe(sink);
    expect(sink.log).to.deep.equal(['complete']);
  });

  it('unsubscribes its source, also during a delivery', () => {
    const source = new Counted();
    const sink = new Sink<number>();
    unpaced(pull(source)).pipe(rx.take(3)).subscribe(sink);
    expect(sink.values).to.deep.equal([1, 2, 3]);
    expect(source.returned).to.equal(1);
  });

  it('passes errors on', () => {
    const sink = new Sink<number>();
    unpaced(rx.throwError(() => 'no')).subscribe(sink as rx.Observer<unknown>);
    expect(sink.log).to.deep.equal(['error no']);
  });
});
