import { expect } from 'chai';
import { EMPTY, NEVER, of, Subject, throwError } from 'rxjs';
import { pull } from '../../lib/flow/pull.ts';
import { single } from '../../lib/flow/single.ts';
import { Counted } from './support/counted.ts';
import { Sink } from './support/sink.ts';

describe('single', () => {
  const run = (source$ = new Subject<number>().asObservable(), sink = new Sink<number>()) => {
    source$.pipe(single(values => `violation: ${values}`)).subscribe(sink);
    return sink.log;
  };

  it('gives the one value on when the source completes', () => {
    expect(run(of(1))).to.deep.equal(['next 1', 'complete']);
    const source = new Subject<number>();
    const log = run(source);
    source.next(1);
    expect(log, 'before it completes').to.deep.equal([]);
    source.complete();
    expect(log).to.deep.equal(['next 1', 'complete']);
  });

  it('fails without a value', () => {
    expect(run(EMPTY)).to.deep.equal(['error violation: none']);
  });

  it('fails at the second value, and unsubscribes', () => {
    const source = new Subject<number>();
    const log = run(source);
    source.next(1);
    source.next(2);
    expect(log).to.deep.equal(['error violation: more']);
    expect(source.observed).to.equal(false);
  });

  it('passes an error on and drops the value before it', () => {
    const source = new Subject<number>();
    const log = run(source);
    source.next(1);
    source.error('mine');
    expect(log).to.deep.equal(['error mine']);
    expect(run(throwError(() => 'mine'))).to.deep.equal(['error mine']);
  });

  it('counts undefined as a value', () => {
    expect(run(of(undefined) as never)).to.deep.equal(['next undefined', 'complete']);
    expect(run(of(undefined, undefined) as never)).to.deep.equal(['error violation: more']);
  });

  it('keeps the chain: its source waits for the sink', () => {
    const source = new Counted();
    run(pull(source), new Sink(0));
    expect(source.asked).to.equal(0);
  });

  it('subscribes to nothing before it is subscribed', () => {
    expect(run(NEVER)).to.deep.equal([]);
  });
});
