import { expect } from 'chai';
import { concat, map, of, retry, take, throwError } from 'rxjs';
import { pull } from '../../lib/index.ts';
import { Counted, HandAnswered } from './support/counted.ts';
import { Sink } from './support/sink.ts';

describe('pull of an iterable', () => {
  it('emits everything at once before a plain subscribe(fn), like `from`', () => {
    const values: number[] = [];
    pull([1, 2, 3]).subscribe(value => values.push(value));
    expect(values).to.deep.equal([1, 2, 3]);
  });

  it('requests nothing while the sink is full', () => {
    const source = new Counted();
    const sink = new Sink<number>(0);
    pull(source).subscribe(sink);
    expect(source.asked).to.equal(0);
    sink.admit(2);
    expect(source.asked).to.equal(2);
    expect(sink.values).to.deep.equal([1, 2]);
  });

  it('completes when it is asked after its last value', () => {
    const sink = new Sink<number>(2);
    pull([1, 2]).subscribe(sink);
    expect(sink.log).to.deep.equal(['next 1', 'next 2']);
    sink.admit(1);
    expect(sink.log).to.deep.equal(['next 1', 'next 2', 'complete']);
  });

  it('passes on an exception of the iterator, and does not close it', () => {
    const sink = new Sink<number>();
    const source = new Counted();
    const iterator = source[Symbol.iterator]();
    const next = iterator.next.bind(iterator);
    iterator.next = () => {
      if (source.asked === 1) throw new Error('broken');
      return next();
    };
    pull({ [Symbol.iterator]: () => iterator }).subscribe(sink);
    expect(sink.log).to.deep.equal(['next 1', 'error Error: broken']);
    expect(source.returned).to.equal(0);
  });

  it('passes on the TypeError of an iterator that returns no result objects', () => {
    const sink = new Sink<number>(0);
    pull<number>({ [Symbol.iterator]: () => ({ next: () => undefined as never }) }).subscribe(sink);
    sink.admit(1);
    expect(sink.failure).to.be.instanceOf(TypeError);
  });

  it('closes the iterator once when it is unsubscribed while it waits', () => {
    const source = new Counted();
    const subscription = pull(source).subscribe(new Sink(1));
    subscription.unsubscribe();
    subscription.unsubscribe();
    expect(source.returned).to.equal(1);
  });

  it('closes the iterator when it is unsubscribed during a delivery', () => {
    const source = new Counted();
    pull(source).pipe(take(3)).subscribe();
    expect(source.asked).to.equal(3);
    expect(source.returned).to.equal(1);
  });

  it('does not close an iterator that has ended', () => {
    const source = new Counted(2);
    pull(source).subscribe().unsubscribe();
    expect(source.returned).to.equal(0);
  });

  it('closes a generator that unsubscribes itself as soon as it yields, and delivers nothing more', () => {
    const sink = new Sink<number>(1);
    let closed = 0;
    const numbers = function* () {
      try {
        yield 1;
        subscription.unsubscribe();
        yield 2;
      } finally {
        closed++;
      }
    };
    const subscription = pull(numbers).subscribe(sink);
    sink.admit(1);
    expect(sink.values).to.deep.equal([1]);
    expect(closed).to.equal(1);
  });

  it('closes once an iterator that unsubscribes inside its next()', () => {
    const source = new Counted();
    const iterator = source[Symbol.iterator]();
    const sink = new Sink<number>(0);
    const unsubscribing: Iterator<number> = {
      ...iterator,
      next: () => {
        subscription.unsubscribe();
        return iterator.next();
      },
    };
    const subscription = pull({ [Symbol.iterator]: () => unsubscribing }).subscribe(sink);
    sink.admit(1);
    expect(sink.log).to.deep.equal([]);
    expect(source.returned).to.equal(1);
  });

  it('ignores an exception of closing', () => {
    const iterator: Iterator<number> = {
      next: () => ({ done: false, value: 1 }),
      return: () => {
        throw new Error('not heard');
      },
    };
    const sink = new Sink<number>(1);
    const subscription = pull({ [Symbol.iterator]: () => iterator }).subscribe(sink);
    expect(() => subscription.unsubscribe()).not.to.throw();
    expect(sink.log).to.deep.equal(['next 1']);
  });

  it('treats a string as an iterable', () => {
    const sink = new Sink<string>();
    pull('ab').subscribe(sink);
    expect(sink.log).to.deep.equal(['next a', 'next b', 'complete']);
  });
});

describe('pull of a function', () => {
  it('opens nothing before it is subscribed, and opens anew for each subscription', () => {
    let opened = 0;
    const x$ = pull(() => {
      opened++;
      return [opened].values();
    });
    expect(opened).to.equal(0);
    const sink = new Sink<number>();
    concat(x$, x$).subscribe(sink);
    expect(sink.values).to.deep.equal([1, 2]);
  });

  it('works with retry', () => {
    const sink = new Sink<number>();
    const x$ = pull(() => [1, 2].values());
    concat(
      x$,
      throwError(() => new Error('again')),
    )
      .pipe(retry(1))
      .subscribe(sink);
    expect(sink.log).to.deep.equal(['next 1', 'next 2', 'next 1', 'next 2', 'error Error: again']);
  });

  it('may open asynchronously', async () => {
    const source = new Counted(2);
    const sink = new Sink<number>(1);
    pull(async () => source).subscribe(sink);
    await sink.has(1);
    expect(source.asked).to.equal(1);
  });

  it('passes on a failure to open: an exception, a rejection, or an unsupported value', async () => {
    const thrown = new Error('cannot open');
    const fails: (() => any)[] = [
      () => {
        throw thrown;
      },
      () => Promise.reject(thrown),
    ];
    for (const open of fails) {
      const sink = new Sink<number>();
      pull<number>(open).subscribe(sink);
      await sink.ended;
      expect(sink.failure).to.equal(thrown);
    }
    for (const open of [() => 7, async () => of(1)] as any[]) {
      const sink = new Sink<number>();
      pull<number>(open).subscribe(sink);
      await sink.ended;
      expect(sink.failure)
        .to.be.instanceOf(TypeError)
        .with.property('message')
        .that.matches(/^pull: expected an iterable/);
    }
  });

  it('closes what opens after the unsubscribe', async () => {
    const source = new HandAnswered<number>();
    let open!: (source: HandAnswered<number>) => void;
    const opening = new Promise<HandAnswered<number>>(resolve => {
      open = resolve;
    });
    pull(() => opening)
      .subscribe()
      .unsubscribe();
    open(source);
    await opening;
    expect(source.returned).to.equal(1);
    expect(source.asked).to.equal(0);
  });
});

describe('pull of anything else', () => {
  it('is a TypeError at once that names the value', () => {
    expect(() => pull(7 as any)).to.throw(TypeError, /^pull: expected an iterable, .* got number$/);
    expect(() => pull(null as any)).to.throw(TypeError, /got null$/);
    expect(() => pull(undefined as any)).to.throw(TypeError, /got undefined$/);
    expect(() => pull(of(1).pipe(map(n => n)) as any)).to.throw(TypeError, /got object$/);
  });
});
