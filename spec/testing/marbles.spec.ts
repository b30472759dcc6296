import { AssertionError } from 'node:assert';
import { Metadata } from '@grpc/grpc-js';
import { expect } from 'chai';
import { concat, delay, type Observable, of, throwError, timer } from 'rxjs';
import { Code, RpcError } from '../../lib/index.ts';
import { marbles } from '../../lib/testing.ts';
import { thrownBy } from '../support/record.ts';

/** Whether marbles treats one value, or one error, as equal to the other. */
function accepts(actual: unknown, expected: unknown, kind: 'value' | 'error' = 'value'): boolean {
  const [source$, diagram] = kind === 'value' ? [of(actual), '(x|)'] : [throwError(() => actual), '#'];
  try {
    marbles(({ expectObservable }) => expectObservable(source$).toBe(diagram, { x: expected }, expected));
    return true;
  } catch (error) {
    expect(error).to.be.instanceOf(AssertionError);
    return false;
  }
}

const metadata = new Metadata();
metadata.set('k', 'v');
const failure = new RpcError(Code.NOT_FOUND, 'no user 5', { metadata, path: '/users.Users/Get' });
const status = { code: Code.OK, details: '', metadata };

describe('marbles', () => {
  it('runs in virtual time, and returns the result of its callback', () => {
    const result = marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const source$ = cold('-a-b|');
      expectObservable(source$.pipe(delay(60_000))).toBe('60s -a-(b|)');
      expectSubscriptions(source$.subscriptions).toBe('^---!');
      expectObservable(timer(3)).toBe('---(a|)', { a: 0 });
      return 'done';
    });
    expect(result).to.equal('done');
  });

  for (const [name, actual, expected, kind] of [
    ['an error with its code', failure, { code: Code.NOT_FOUND }, 'error'],
    [
      'an error with its code, a pattern and metadata',
      failure,
      { code: Code.NOT_FOUND, details: /user \d/, metadata: { k: 'v' } },
      'error',
    ],
    ['an error with itself', failure, failure, 'error'],
    ['a status with its code', status, { code: Code.OK }, 'value'],
    ['Metadata with some of it', metadata, { k: 'v' }, 'value'],
    ['Buffers with bytes', { part: [Buffer.of(1, 2)] }, { part: [Uint8Array.of(1, 2)] }, 'value'],
    [
      'a map without prototype with a plain object',
      { map: Object.assign(Object.create(null), { a: 1n }) },
      { map: { a: 1n } },
      'value',
    ],
    ['an undefined field with an absent one', { a: 1, b: undefined }, { a: 1 }, 'value'],
    ['an absent field with an undefined one', { a: 1 }, { a: 1, b: undefined }, 'value'],
    ['a text with itself', 'mine', 'mine', 'error'],
    ['an Error with one of the same message', new Error('mine'), new Error('mine'), 'error'],
  ] as const) {
    it(`compares ${name}`, () => expect(accepts(actual, expected, kind)).to.equal(true));
  }

  for (const [name, actual, expected, kind] of [
    ['an error of another code', failure, { code: Code.ABORTED }, 'error'],
    ['an error of other details', failure, { code: Code.NOT_FOUND, details: 'x' }, 'error'],
    ['an error of other metadata', failure, { code: Code.NOT_FOUND, metadata: { k: 'w' } }, 'error'],
    ['an error of other fields', failure, { code: Code.NOT_FOUND, path: '/' }, 'error'],
    ['a status of another code', status, { code: Code.ABORTED }, 'value'],
    ['other metadata', metadata, { k: undefined }, 'value'],
    ['other bytes', Buffer.of(1, 2), Uint8Array.of(1, 3), 'value'],
    ['a number for a text', { a: 1 }, { a: '1' }, 'value'],
    ['a field more', { a: 1, b: 2 }, { a: 1 }, 'value'],
    ['a field fewer', { a: 1 }, { a: 1, b: 2 }, 'value'],
    ['an Error of another message', new Error('mine'), new Error('other'), 'error'],
  ] as const) {
    it(`refuses ${name}`, () => expect(accepts(actual, expected, kind)).to.equal(false));
  }

  const failed = (source$: Observable<unknown>, diagram: string, values?: object, error?: unknown) =>
    thrownBy(() => marbles(({ expectObservable }) => expectObservable(source$).toBe(diagram, values, error)));

  it('states the received and the expected frames in words', () => {
    const source$ = concat(
      of({ n: 1 }, metadata),
      timer(2).pipe(() => throwError(() => failure)),
    );
    const error = failed(source$, 'a-(b#)', { a: { n: 2 } }, { code: Code.ABORTED, details: /x/ });
    expect(error).to.be.instanceOf(AssertionError);
    expect(error.actual).to.deep.equal([
      '0: next { n: 1 }',
      "0: next { k: 'v' }",
      "0: error NOT_FOUND: no user 5 { k: 'v' }",
    ]);
    expect(error.expected).to.deep.equal(['0: next { n: 2 }', '2: next undefined', '2: error ABORTED: /x/']);
    expect(error.message).to.equal(
      'the marbles differ\nexpected:\n  0: next { n: 2 }\n  2: next undefined\n  2: error ABORTED: /x/\n' +
        "got:\n  0: next { n: 1 }\n  0: next { k: 'v' }\n  0: error NOT_FOUND: no user 5 { k: 'v' }",
    );
  });

  it('shows a difference at any depth, and far back in a list or a text', () => {
    const deep = (n: number) => ({ a: { b: { c: { d: [{ e: n }] } } } });
    const long = (n: number) => [...new Array<number>(200).fill(0), n];
    const text = (n: number) => 'x'.repeat(20_000) + n;
    for (const make of [deep, long, text]) {
      const error = failed(of(make(1)), '(a|)', { a: make(2) });
      expect(error.actual[0]).to.not.equal(error.expected[0]);
    }
    expect(failed(of(deep(1)), '(a|)', { a: deep(2) }).actual[0]).to.match(/e: 1/);
  });

  it('shows how errors with the same message differ', () => {
    const mine = (n: number) => Object.assign(new Error('mine'), { n });
    const error = failed(throwError(() => mine(1)), '#', undefined, mine(2)); // biome-ignore format: in one
    expect([error.actual, error.expected]).to.deep.equal([
      ['0: error Error: mine { n: 1 }'],
      ['0: error Error: mine { n: 2 }'],
    ]);
  });

  it('rejects values at another frame', () => {
    expect(failed(timer(3), '--(a|)', { a: 0 }).actual).to.deep.equal(['3: next 0', '3: complete']);
  });

  it('states missing values, completion and subscriptions', () => {
    expect(failed(of(), '').message).to.equal('the marbles differ\nexpected: nothing\ngot:\n  0: complete');
    const error = thrownBy(() =>
      marbles(({ cold, expectSubscriptions, expectObservable }) => {
        const source$ = cold('-');
        expectObservable(source$, '-^-!');
        expectSubscriptions(source$.subscriptions).toBe(['-^--!', '^']);
      }),
    );
    expect(error.actual).to.deep.equal(['subscribed at 1, unsubscribed at 3']);
    expect(error.expected).to.deep.equal(['subscribed at 1, unsubscribed at 4', 'subscribed at 0, unsubscribed never']);
  });

  it('keeps the received error as the cause', () => {
    const mine = new Error('mine');
    const failed$ = concat(of(1), throwError(() => mine)); // biome-ignore format: in one
    const error = failed(failed$, '(1|)', { 1: 1 });
    expect(error.cause).to.equal(mine);
    expect(error.actual).to.deep.equal(['0: next 1', '0: error Error: mine']);
    expect(failed(of(1), '|').cause).to.equal(undefined);
  });

  it('passes on an exception of its callback, and restores real time', async () => {
    const mine = new Error('mine');
    expect(thrownBy(() => marbles(() => { throw mine; }))).to.equal(mine); // biome-ignore format: in one
    await new Promise(resolve => timer(1).subscribe(resolve));
  });
});
