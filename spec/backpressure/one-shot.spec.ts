import { Readable } from 'node:stream';
import { ReadableStream } from 'node:stream/web';
import { expect } from 'chai';
import {
  BehaviorSubject,
  connectable,
  defer,
  filter,
  from,
  groupBy,
  interval,
  map,
  merge,
  NEVER,
  Observable,
  of,
  ReplaySubject,
  Subject,
  windowCount,
} from 'rxjs';
import { isOneShot, isRefusal, markOneShot } from '../../lib/backpressure/one-shot.ts';
import { pull } from '../../lib/index.ts';
import { concatMap, operator, share } from '../../lib/operators.ts';
import { errorOf, record } from '../support/record.ts';

function* numbers() {
  yield 1;
}
async function* later() {
  yield 1;
}

const oneShots: Record<string, () => Observable<any>> = {
  'a source marked as one-shot': () => markOneShot(NEVER.pipe(map(x => x))),
  'pull of a generator object': () => pull(numbers()),
  'pull of an async generator object': () => pull(later()),
  'pull of an iterator': () => pull([1].values()),
  'pull of a Node stream': () => pull(Readable.from([1])),
  'pull of a web stream': () => pull(new ReadableStream() as any),
  'a Subject': () => new Subject(),
  'a BehaviorSubject': () => new BehaviorSubject(1),
  'a ReplaySubject': () => new ReplaySubject(),
  'a Subject in disguise': () => new Subject().asObservable(),
  'a connectable': () => connectable(of(1)),
};

const replayable: Record<string, () => Observable<any>> = {
  'pull of a function': () => pull(numbers),
  'pull of an array': () => pull([1]),
  'pull of a Set': () => pull(new Set([1])),
  'pull of a text': () => pull('abc'),
  'pull of an iterable that opens something': () => pull({ [Symbol.asyncIterator]: later }),
  of: () => of(1),
  'from an array': () => from([1]),
  interval: () => interval(1),
  'a new Observable': () => new Observable(),
  'a one-shot in a defer': () => defer(() => new Subject()),
  'a one-shot in a merge': () => merge(pull(numbers()), NEVER),
};

const operators: Record<string, (x$: Observable<any>) => Observable<any>> = {
  'no operator': x$ => x$,
  'operators of RxJS': x$ =>
    x$.pipe(
      map(x => x),
      filter(() => true),
    ),
  'paced operators': x$ =>
    x$.pipe(
      operator(output => ({ next: x => output.next(x) })),
      concatMap(x => of(x)),
    ),
  'the paced share': x$ => x$.pipe(share()),
};

describe('isOneShot', () => {
  for (const [how, through] of Object.entries(operators)) {
    for (const [name, source$] of Object.entries(oneShots)) {
      it(`recognizes ${name}, through ${how}`, () => expect(isOneShot(through(source$()))).to.equal(true));
    }
    for (const [name, source$] of Object.entries(replayable)) {
      it(`does not recognize ${name}, through ${how}`, () => expect(isOneShot(through(source$()))).to.equal(false));
    }
  }

  for (const [name, operator] of Object.entries({ groupBy: groupBy(() => 1), windowCount: windowCount<any>(1) })) {
    it(`recognizes the inner Observables of ${name}`, async () => {
      const seen: boolean[] = [];
      await record(
        of(1)
          .pipe<any>(operator)
          .pipe(map((x$: any) => seen.push(isOneShot(x$)))),
      ).ending;
      expect(seen[0]).to.equal(true);
    });
  }

  it('does not open the source', () => {
    let opened = 0;
    const iterable = {
      [Symbol.iterator]: () => {
        opened++;
        return [1].values();
      },
    };
    expect(isOneShot(pull(iterable))).to.equal(false);
    expect(opened).to.equal(0);
  });
});

describe('A one-shot source that is read again', () => {
  it('errors with a refusal that isRefusal recognizes, even when the source is hidden in an operator', async () => {
    const once$ = pull(numbers());
    const hidden$ = defer(() => merge(once$));
    expect(await errorOf(hidden$)).to.equal(undefined);
    const error = await errorOf(hidden$);
    expect(error).to.be.instanceOf(TypeError);
    expect(isRefusal(error)).to.equal(true);
    for (const other of [new TypeError(error.message), undefined, null, 'text'])
      expect(isRefusal(other)).to.equal(false);
  });
});
