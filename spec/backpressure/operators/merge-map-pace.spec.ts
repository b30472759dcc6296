import { expect } from 'chai';
import { merge, NEVER, Observable, of, type Subscriber, take } from 'rxjs';
import { pace } from '../../../lib/backpressure/pace.ts';
import { pull } from '../../../lib/index.ts';
import { concatMap, mergeMap } from '../../../lib/operators.ts';
import { Counted, HandAnswered } from '../support/counted.ts';
import { Sink } from '../support/sink.ts';

/** Work that is completed by hand, in any order. */
class Work {
  readonly #running: Subscriber<string>[] = [];
  started = 0;

  readonly start = (n: unknown): Observable<string> =>
    new Observable(subscriber => {
      this.started++;
      this.#running.push(subscriber);
      subscriber.next(`started ${n}`);
    });

  finish(which = 0): void {
    this.#running.splice(which, 1)[0]!.complete();
  }
}

/** An inbound stream: it delivers one value unasked. */
const inbound = (name: string) =>
  new Observable<string>(subscriber => {
    let n = 0;
    const deliver = () => {
      subscriber.next(`${name}${++n}`);
      return true;
    };
    pace(subscriber, deliver, { unasked: 1 })();
  });

describe('mergeMap after a source that can wait', () => {
  it('requests as many values as may run at a time, and one more when one ends', () => {
    const source = new Counted();
    const work = new Work();
    pull(source).pipe(mergeMap(work.start, 8)).subscribe();
    expect(source.asked).to.equal(8);
    work.finish(5);
    expect(source.asked).to.equal(9);
    work.finish();
    work.finish();
    expect(source.asked).to.equal(11);
  });

  it('requests one value at a time as concatMap', () => {
    const source = new Counted();
    const work = new Work();
    pull(source).pipe(concatMap(work.start)).subscribe();
    expect(source.asked).to.equal(1);
    work.finish();
    expect(source.asked).to.equal(2);
  });

  it('completes when the source and all inner Observables have', () => {
    const work = new Work();
    const sink = new Sink<string>();
    pull([1, 2]).pipe(mergeMap(work.start, 2)).subscribe(sink);
    work.finish();
    work.finish();
    expect(sink.log).to.deep.equal(['next started 1', 'next started 2', 'complete']);
  });

  it('holds at most one extra value per inbound stream', () => {
    const work = new Work();
    const sink = new Sink<string>();
    merge(inbound('a'), inbound('b'), inbound('c')).pipe(mergeMap(work.start, 2)).subscribe(sink);
    expect(sink.values, 'b1 and c1 wait').to.deep.equal(['started a1', 'started a2']);
    work.finish();
    work.finish();
    expect(sink.values.slice(2), 'nobody was asked').to.deep.equal(['started b1', 'started c1']);
    work.finish();
    work.finish();
    expect(sink.values.slice(4), 'one by one').to.deep.equal(['started a3', 'started b2']);
  });

  it('paces an inner iterable by the sink', () => {
    const inner = new Counted();
    const sink = new Sink<number>(2);
    of(1)
      .pipe(mergeMap(() => inner))
      .subscribe(sink);
    expect(inner.asked).to.equal(2);
    sink.admit(1);
    expect(inner.asked).to.equal(3);
  });

  it('alternates between inner iterables when the sink is slow', () => {
    const sink = new Sink<string>(0);
    const letters = (letter: string) => [1, 2, 3].map(n => letter + n);
    pull(['a', 'b']).pipe(mergeMap(letters, 2)).subscribe(sink);
    for (let i = 0; i < 20; i++) sink.admit(1);
    expect([...sink.values].sort()).to.deep.equal(['a1', 'a2', 'a3', 'b1', 'b2', 'b3']);
    expect(sink.log.at(-1)).to.equal('complete');
  });

  it('paces an inner async iterable by the sink', async () => {
    const inner = new HandAnswered<number>();
    const sink = new Sink<number>(1);
    of(1)
      .pipe(mergeMap(() => inner))
      .subscribe(sink);
    inner.answer(1);
    await sink.has(1);
    expect(sink.gate.waiting).to.equal(1);
    expect(inner.asked).to.equal(1);
  });

  it('paces the source by the sink', () => {
    const source = new Counted();
    const sink = new Sink<number>(1);
    pull(source)
      .pipe(mergeMap(n => of(n)))
      .subscribe(sink);
    expect(source.asked).to.equal(1);
  });

  it('adds up the bounds of consecutive stages', () => {
    const source = new Counted();
    const work = new Work();
    pull(source)
      .pipe(
        mergeMap(n => of(n), 4),
        mergeMap(work.start, 3),
      )
      .subscribe();
    expect(source.asked).to.equal(3);
  });

  it('closes the source and the waiting inner iterables on unsubscribe', () => {
    const source = new Counted();
    const inner = new Counted();
    const sink = new Sink<number>(1);
    const subscription = pull(source)
      .pipe(mergeMap(() => inner))
      .subscribe(sink);
    expect(sink.gate.waiting).to.equal(2);
    subscription.unsubscribe();
    expect(sink.gate.waiting).to.equal(0);
    expect([source.returned, inner.returned]).to.deep.equal([1, 1]);
  });

  it('closes both when the subscriber has enough', () => {
    const source = new Counted();
    const inner = new Counted();
    pull(source)
      .pipe(
        mergeMap(() => inner),
        take(2),
      )
      .subscribe();
    expect([source.returned, inner.returned]).to.deep.equal([1, 1]);
  });

  it('requests nothing while an inner Observable is silent', () => {
    const source = new Counted();
    pull(source)
      .pipe(concatMap(() => NEVER))
      .subscribe();
    expect(source.asked).to.equal(1);
  });
});
