import { expect } from 'chai';
import fc from 'fast-check';
import * as rx from 'rxjs';
import { pull, toAsyncIterable } from '../../lib/index.ts';
import {
  concatAll,
  concatMap,
  delay,
  mergeAll,
  mergeMap,
  mergeScan,
  observeOn,
  onBackpressureBuffer,
  operator,
  share,
  zipWith,
} from '../../lib/operators.ts';
import { HOP, overWire } from '../call/support/wire.ts';
import { Sink } from './support/sink.ts';

type Pipe = rx.MonoTypeOperatorFunction<number>;

/** A stage of a pipeline that preserves values and their order, and the number of values that it may hold. */
interface Stage {
  readonly name: string;
  readonly holds: number;
  readonly pipe: Pipe;
}

const later = (value: number) => new Promise<number>(resolve => setImmediate(resolve, value));

const LAST = 120;

const stages: readonly Stage[] = [
  { name: 'map', holds: 0, pipe: rx.map(n => n) },
  { name: 'filter', holds: 0, pipe: rx.filter(n => n > 0) },
  { name: 'scan', holds: 0, pipe: rx.scan((_, n) => n, 0) },
  { name: 'hand-written', holds: 0, pipe: operator(output => ({ next: n => output.next(n) })) },
  { name: 'concatMap(promise)', holds: 1, pipe: concatMap(later) },
  { name: 'concatMap(array)', holds: 1, pipe: concatMap(n => [n]) },
  {
    name: 'concatMap(async generator)',
    holds: 1,
    pipe: concatMap(async function* (n) {
      yield await later(n);
    }),
  },
  { name: 'mergeMap(of, 3)', holds: 3, pipe: mergeMap(n => rx.of(n), 3) },
  { name: 'mergeScan', holds: 1, pipe: mergeScan((_, n) => later(n), 0, 1) },
  { name: 'bufferCount, concatAll', holds: 6, pipe: x$ => x$.pipe(rx.bufferCount(3), concatAll()) },
  {
    name: 'windowCount, concatMap(toArray)',
    holds: 6,
    pipe: x$ =>
      x$.pipe(
        rx.windowCount(3),
        concatMap(w$ => w$.pipe(rx.toArray())),
        concatAll(),
      ),
  },
  {
    name: 'map(of), mergeAll(1)',
    holds: 1,
    pipe: x$ =>
      x$.pipe(
        rx.map(n => rx.of(n)),
        mergeAll(1),
      ),
  },
  {
    name: 'zipWith',
    holds: 1,
    pipe: x$ =>
      x$.pipe(
        zipWith(
          pull(function* () {
            for (;;) yield 0;
          }),
        ),
        rx.map(([n]) => n),
      ),
  },
  { name: 'delay(0)', holds: 1024, pipe: delay(0) },
  { name: 'observeOn(asap)', holds: 1024, pipe: observeOn(rx.asapScheduler) },
  { name: 'share', holds: 0, pipe: share() },
  { name: 'onBackpressureBuffer', holds: LAST, pipe: onBackpressureBuffer(LAST) }, // reads its source to the end
  { name: 'toAsyncIterable, pull', holds: 2, pipe: x$ => pull(() => toAsyncIterable(x$)) },
  { name: 'wire', holds: HOP, pipe: overWire },
];

/** Waits until nothing moves: the count has not changed in many turns. */
async function still(count: () => number): Promise<void> {
  let last = count();
  for (let quiet = 0; quiet < 12; quiet++) {
    await new Promise(setImmediate);
    if (count() !== last) {
      last = count();
      quiet = 0;
    }
  }
}

interface Run {
  readonly chain: readonly Stage[];
  /** The number of values that the sink takes before each stall. */
  readonly stalls: readonly number[];
  /** The value at which the source fails. */
  readonly failsAt: number | undefined;
  /** The number of values after which the sink unsubscribes. */
  readonly leavesAfter: number | undefined;
}

/** Printed by its name in a counterexample. */
const stage = fc
  .constantFrom(...stages.keys())
  .map(i => ({ ...stages[i]!, [fc.toStringMethod]: () => stages[i]!.name }));

const runs: fc.Arbitrary<Run> = fc.record({
  chain: fc.array(stage, { minLength: 1, maxLength: 6 }),
  stalls: fc.array(fc.integer({ min: 0, max: 40 }), { maxLength: 5 }),
  failsAt: fc.option(fc.integer({ min: 1, max: LAST }), { nil: undefined, freq: 2 }),
  leavesAfter: fc.option(fc.integer({ min: 1, max: LAST }), { nil: undefined, freq: 3 }),
});

async function check({ chain, stalls, failsAt, leavesAfter }: Run): Promise<void> {
  let asked = 0;
  let closed = 0;
  const injected = new Error('injected');
  const source$ = pull(function* () {
    try {
      while (asked < LAST) {
        if (++asked === failsAt) throw injected;
        yield asked;
      }
    } finally {
      closed++;
    }
  });
  const sink = new Sink<number>(0);
  const chained$ = chain.reduce((x$, stage) => x$.pipe(stage.pipe), source$);
  const subscription = chained$.pipe(leavesAfter === undefined ? rx.identity : rx.take(leavesAfter)).subscribe(sink);

  // One for the source; each stage may receive one value beyond what it holds.
  const bound = chain.reduce((sum, { holds }) => sum + holds + 1, 1);
  for (const stall of stalls) {
    sink.admit(stall);
    await still(() => asked + sink.values.length);
    expect(asked - sink.values.length, 'run-ahead').to.be.at.most(bound);
  }
  sink.admit(1e9);
  await sink.ended;
  await still(() => asked + closed);

  const expected = Array.from({ length: sink.values.length }, (_, i) => i + 1);
  expect(sink.values, 'each once and in order').to.deep.equal(expected);
  if (sink.failure !== undefined) {
    expect(sink.failure).to.equal(injected);
    expect(sink.values.length).to.be.below(failsAt!);
  } else {
    expect(sink.values).to.have.length(Math.min(leavesAfter ?? LAST, LAST));
  }
  expect(closed, 'the source is closed').to.equal(1);
  expect(subscription.closed).to.equal(true);
  expect(sink.gate.waiting, 'nobody waits any more').to.equal(0);
}

describe('A pipeline of arbitrary stages', () => {
  it('delivers each value once and in order or ends with the error of its source, and runs ahead by what its stages hold', async () => {
    await fc.assert(fc.asyncProperty(runs, check), { numRuns: 500 });
  });

  for (const stage of stages) {
    it(`passes everything on: ${stage.name}`, async () => {
      await check({ chain: [stage], stalls: [3, 0, 7], failsAt: undefined, leavesAfter: undefined });
      await check({ chain: [stage, stage], stalls: [1], failsAt: 50, leavesAfter: undefined });
      await check({ chain: [stage], stalls: [], failsAt: undefined, leavesAfter: 10 });
    });
  }
});
