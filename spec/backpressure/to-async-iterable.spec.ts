import { expect } from 'chai';
import { concat, defer, from, map, NEVER, Observable, of, range, Subject, throwError } from 'rxjs';
import { pace } from '../../lib/backpressure/pace.ts';
import { OverflowError, pull, toAsyncIterable } from '../../lib/index.ts';
import { Counted } from './support/counted.ts';

const start = <T>(x$: Observable<T>, maxQueued?: number) => toAsyncIterable(x$, { maxQueued })[Symbol.asyncIterator]();
const done = { done: true, value: undefined };
const value = (n: unknown) => ({ done: false, value: n });
/** What a loop receives, with an error as text. */
async function all(x$: Observable<unknown>): Promise<unknown[]> {
  const seen: unknown[] = [];
  try {
    for await (const v of toAsyncIterable(x$)) seen.push(v);
  } catch (error) {
    seen.push(String(error));
  }
  return seen;
}

describe('toAsyncIterable', () => {
  it('yields the values of sources that end at once', async () => {
    expect(await all(of(1, 2, 3))).to.deep.equal([1, 2, 3]);
    expect(await all(of())).to.deep.equal([]);
  });

  it('throws the error after the values before it, once', async () => {
    const x$ = concat(
      of(1, 2),
      throwError(() => 'mine'),
    );
    expect(await all(x$)).to.deep.equal([1, 2, 'mine']);
    const iterator = start(x$);
    expect([await iterator.next(), await iterator.next()]).to.deep.equal([value(1), value(2)]);
    expect(await iterator.next().catch(String)).to.equal('mine');
    expect(await iterator.next()).to.deep.equal(done);
  });

  it('throws an error to the first of several waiting calls', async () => {
    const subject = new Subject<number>();
    const iterator = start(subject);
    const waiting = [iterator.next(), iterator.next()];
    subject.error('mine');
    const settled = await Promise.allSettled([...waiting, iterator.next()]);
    expect(settled.map(({ status }) => status)).to.deep.equal(['rejected', 'fulfilled', 'fulfilled']);
  });

  it('takes one value at a time', async () => {
    const source = new Counted();
    const iterator = start(pull(source));
    expect(source.asked).to.equal(0);
    for (let n = 1; n <= 3; n++) {
      expect(await iterator.next()).to.deep.equal(value(n));
      expect(source.asked).to.equal(n);
    }
    await iterator.return!();
  });

  it('subscribes at the first next(), and anew for each iteration', async () => {
    let subscriptions = 0;
    const x = toAsyncIterable(defer(() => of(++subscriptions)));
    const iterator = x[Symbol.asyncIterator]();
    expect(subscriptions).to.equal(0);
    expect(await iterator.next()).to.deep.equal(value(1));
    for await (const n of x) expect(n).to.equal(2);
  });

  it('returns iterators that are their own async iterator', () => {
    const iterator = start(NEVER) as any;
    expect(iterator[Symbol.asyncIterator]()).to.equal(iterator);
  });

  it('unsubscribes when the loop is left: break, return and throw', async () => {
    const leave: Record<string, (x: AsyncIterable<number>) => Promise<unknown>> = {
      break: async x => {
        for await (const _ of x) break;
      },
      return: async x => {
        for await (const n of x) return n;
        return undefined;
      },
      throw: async x => {
        for await (const n of x) throw new Error(`thrown at ${n}`);
      },
    };
    for (const [how, loop] of Object.entries(leave)) {
      const source = new Counted();
      await loop(toAsyncIterable(pull(source))).catch(error => expect(String(error)).to.equal('Error: thrown at 1'));
      expect([source.asked, source.returned], how).to.deep.equal([1, 1]);
    }
  });

  it('answers several pending next() calls in order', async () => {
    const subject = new Subject<number>();
    const iterator = start(subject);
    const waiting = [iterator.next(), iterator.next(), iterator.next()];
    subject.next(1);
    subject.next(2);
    subject.complete();
    expect(await Promise.all(waiting)).to.deep.equal([value(1), value(2), done]);
  });

  it('requests as many values from a source that can wait as calls are pending', async () => {
    const source = new Counted();
    const iterator = start(pull(source));
    const waiting = [iterator.next(), iterator.next()];
    expect(source.asked).to.equal(2);
    expect(await Promise.all(waiting)).to.deep.equal([value(1), value(2)]);
    await iterator.return!();
  });

  it('releases pending calls and queued values on return()', async () => {
    const subject = new Subject<number>();
    const iterator = start(subject);
    const first = iterator.next();
    for (const n of [1, 2, 3]) subject.next(n);
    expect(await first).to.deep.equal(value(1));
    expect(await iterator.return!('bye')).to.deep.equal({ done: true, value: 'bye' });
    expect(subject.observed).to.equal(false);
    expect(await iterator.next()).to.deep.equal(done);

    const idle = start(NEVER);
    const waiting = idle.next();
    await idle.return!();
    expect(await waiting).to.deep.equal(done);
  });

  it('never subscribes after an early return()', async () => {
    const iterator = start(throwError(() => 'subscribed'));
    await iterator.return!();
    expect(await iterator.next()).to.deep.equal(done);
  });

  it('throws nothing after return(), not even an earlier error', async () => {
    const iterator = start(
      concat(
        of(1),
        throwError(() => 'mine'),
      ),
    );
    await iterator.next();
    await iterator.return!();
    expect(await iterator.next()).to.deep.equal(done);
  });
});

describe('The queue of toAsyncIterable', () => {
  it('holds up to maxQueued values of a source that cannot wait', async () => {
    const iterator = start(range(1, 1 + 3), 3);
    for (let n = 1; n <= 4; n++) expect(await iterator.next()).to.deep.equal(value(n));
    expect(await iterator.next()).to.deep.equal(done);
  });

  it('overflows at one more with an OverflowError that has its name and the remedy, after the values it holds', async () => {
    const subject = new Subject<number>();
    const iterator = start(subject, 3);
    const first = iterator.next();
    for (let n = 1; n <= 5; n++) subject.next(n);
    expect(subject.observed).to.equal(false);
    expect(await first).to.deep.equal(value(1));
    for (let n = 2; n <= 4; n++) expect(await iterator.next()).to.deep.equal(value(n));
    const error = await iterator.next().catch(thrown => thrown);
    expect(error).to.be.instanceOf(OverflowError);
    expect(error.message).to.match(/^toAsyncIterable: more than 3 values.*pull.*maxQueued/s);
  });

  it('holds 16,384 values by default', async () => {
    expect((await all(range(1, 1 + 16_384))).length).to.equal(1 + 16_384);
    const overflown = await all(range(1, 1 + 16_385));
    expect(String(overflown.at(-1))).to.match(/OverflowError/);
  });

  it('holds one value of an inbound stream', async () => {
    let delivered = 0;
    const inbound$ = new Observable<number>(subscriber => {
      const deliver = () => {
        subscriber.next(++delivered);
        return true;
      };
      pace(subscriber, deliver, { unasked: 1 })();
    });
    const iterator = start(inbound$.pipe(map(n => n)), 1);
    expect(await iterator.next()).to.deep.equal(value(1));
    expect(delivered).to.equal(1);
    await iterator.next();
    expect(delivered).to.equal(2);
    await iterator.return!();
  });

  it('keeps the order of queued and read values', async () => {
    expect((await all(from(Array.from({ length: 5000 }, (_, i) => i)))).every((n, i) => n === i)).to.equal(true);
  });
});
