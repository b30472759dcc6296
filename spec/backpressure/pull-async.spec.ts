import { expect } from 'chai';
import { pull } from '../../lib/index.ts';
import { HandAnswered } from './support/counted.ts';
import { Sink } from './support/sink.ts';

describe('pull of an async iterable', () => {
  it('has one value in flight and requests nothing while the sink is full', async () => {
    const source = new HandAnswered<number>();
    const sink = new Sink<number>(1);
    pull(source).subscribe(sink);
    expect(source.asked).to.equal(1);
    source.answer(1);
    await sink.has(1);
    expect(sink.gate.waiting).to.equal(1);
    expect(source.asked).to.equal(1);
    sink.admit(1);
    expect(source.asked).to.equal(2);
  });

  it('holds a value that arrives after another source has taken the room', async () => {
    const source = new HandAnswered<number>();
    const sink = new Sink<number>(1);
    pull(source).subscribe(sink);
    sink.next(0);
    source.answer(1);
    await new Promise(setImmediate);
    expect(sink.values).to.deep.equal([0]);
    sink.admit(1);
    expect(sink.values).to.deep.equal([0, 1]);
  });

  it('completes, or passes on a rejection', async () => {
    const [good, bad] = [new HandAnswered<number>(), new HandAnswered<number>()];
    const [completed, failed] = [new Sink<number>(), new Sink<number>()];
    pull(good).subscribe(completed);
    pull(bad).subscribe(failed);
    good.end();
    bad.refuse(new Error('broken'));
    await completed.ended;
    await failed.ended;
    expect(completed.log).to.deep.equal(['complete']);
    expect(failed.log).to.deep.equal(['error Error: broken']);
    expect([good.returned, bad.returned], 'closed').to.deep.equal([0, 0]);
  });

  it('passes on a synchronous exception', async () => {
    const sink = new Sink<never>();
    const next = (): never => {
      throw new Error('at once');
    };
    pull<never>({ [Symbol.asyncIterator]: () => ({ next }) }).subscribe(sink);
    await sink.ended;
    expect(sink.log).to.deep.equal(['error Error: at once']);
  });

  it('closes the iterator at once when it is unsubscribed while a value is in flight', async () => {
    const source = new HandAnswered<number>();
    const sink = new Sink<number>();
    pull(source).subscribe(sink).unsubscribe();
    expect(source.returned).to.equal(1);
    source.answer(1);
    await new Promise(setImmediate);
    expect(sink.log).to.deep.equal([]);
    expect([source.asked, source.returned]).to.deep.equal([1, 1]);
  });

  it('closes an async generator, also one that is pending', async () => {
    let release!: () => void;
    const held = new Promise<void>(resolve => {
      release = resolve;
    });
    const closed = new Promise<void>(resolve => {
      const numbers = async function* () {
        try {
          await held;
          yield 1;
        } finally {
          resolve();
        }
      };
      pull(numbers).subscribe(new Sink()).unsubscribe();
    });
    release();
    await closed;
  });

  it('ignores a rejection of closing', async () => {
    const source = new HandAnswered<number>();
    const iterator = source[Symbol.asyncIterator]();
    iterator.return = () => Promise.reject(new Error('not heard'));
    pull({ [Symbol.asyncIterator]: () => iterator })
      .subscribe()
      .unsubscribe();
    await new Promise(setImmediate); // spec/hooks.ts reports what is not handled
  });
});
