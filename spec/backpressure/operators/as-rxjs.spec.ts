import { expect } from 'chai';
import fc from 'fast-check';
import * as rx from 'rxjs';
import * as ours from '../../../lib/operators.ts';

/** What an inner Observable does on subscription; afterwards the steps drive it unless it has ended. */
interface InnerPlan {
  readonly values: number;
  readonly end: 'complete' | 'error' | 'open';
}

type Step =
  | { readonly outer: 'next'; readonly inner: InnerPlan | 'project throws' }
  | { readonly outer: 'complete' | 'error' }
  | { readonly nth: number; readonly inner: 'next' | 'complete' | 'error' };

type Echo = 'delivery' | 'project' | 'subscription' | 'teardown';

interface Scenario {
  readonly steps: readonly Step[];
  /** This many of the first steps happen synchronously while the operator is subscribed. */
  readonly atOnce: number;
  /** After this many events of the kind, the outer source emits another value reentrantly. */
  readonly echo: { readonly after: number; readonly of: Echo };
  readonly take: number;
}

const innerPlan: fc.Arbitrary<InnerPlan> = fc.record({
  values: fc.integer({ min: 0, max: 3 }),
  end: fc.constantFrom('complete', 'complete', 'open', 'open', 'error'),
});
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ outer: fc.constant('next'), inner: innerPlan }) },
  {
    weight: 6,
    arbitrary: fc.record({ nth: fc.nat(3), inner: fc.constantFrom('next', 'next', 'complete', 'complete') }),
  },
  { weight: 1, arbitrary: fc.record({ outer: fc.constantFrom('complete', 'complete', 'error') }) },
  { weight: 1, arbitrary: fc.record({ nth: fc.nat(3), inner: fc.constant('error') }) },
  { weight: 1, arbitrary: fc.constant({ outer: 'next', inner: 'project throws' }) },
) as fc.Arbitrary<Step>;
const scenario: fc.Arbitrary<Scenario> = fc.record({
  steps: fc.array(step, { maxLength: 25 }),
  atOnce: fc.nat(6),
  echo: fc.record({
    after: fc.nat(8),
    of: fc.constantFrom<Echo>('delivery', 'project', 'subscription', 'teardown'),
  }),
  take: fc.oneof(fc.constant(1000), fc.integer({ min: 1, max: 8 })),
});

type Merging = (project: (step: Step, index: number) => rx.Observable<string>) => rx.OperatorFunction<Step, string>;

/** The observable behaviour: notifications, calls of project, subscriptions and teardowns, in order. */
function run(merging: Merging, { steps, atOnce, echo, take }: Scenario): string[] {
  const log: string[] = [];
  const live: { readonly name: string; readonly subscriber: rx.Subscriber<string>; count: number }[] = [];
  let outer!: rx.Subscriber<Step>;
  let names = 0;
  let echoed = 0;
  let isOver = false;

  const act = (each: Step): void => {
    if ('outer' in each) {
      if (each.outer === 'next') outer.next(each);
      else if (each.outer === 'error') outer.error('outer failed');
      else outer.complete();
      return;
    }
    const inner = live[each.nth % live.length];
    if (inner === undefined) return;
    if (each.inner === 'next') inner.subscriber.next(`${inner.name}${++inner.count}`);
    else if (each.inner === 'error') inner.subscriber.error(`${inner.name} failed`);
    else inner.subscriber.complete();
  };

  const mayEcho = (of: Echo): void => {
    if (of === echo.of && ++echoed === echo.after) act({ outer: 'next', inner: { values: 1, end: 'complete' } });
  };

  const project = (each: Step, index: number): rx.Observable<string> => {
    const name = String.fromCharCode(97 + names++);
    if (!isOver) log.push(`project ${name} ${index}`);
    mayEcho('project');
    if (!('outer' in each) || each.outer !== 'next' || each.inner === 'project throws') throw 'project failed';
    const { values, end } = each.inner;
    return new rx.Observable<string>(subscriber => {
      const isHeard = !isOver;
      if (isHeard) log.push(`subscribe ${name}`);
      mayEcho('subscription');
      const entry = { name, subscriber, count: values };
      live.push(entry);
      subscriber.add(() => live.splice(live.indexOf(entry), 1));
      if (isHeard) subscriber.add(() => log.push(`closed ${name}`));
      subscriber.add(() => mayEcho('teardown'));
      for (let i = 1; i <= values; i++) subscriber.next(`${name}${i}`);
      if (end === 'error') subscriber.error(`${name} failed`);
      else if (end === 'complete') subscriber.complete();
    });
  };

  new rx.Observable<Step>(subscriber => {
    outer = subscriber;
    subscriber.add(() => log.push('outer closed'));
    steps.slice(0, atOnce).forEach(act);
  })
    .pipe(
      merging(project),
      rx.take(take),
      rx.finalize(() => {
        isOver = true; // RxJS may continue to call project although nobody is subscribed.
      }),
    )
    .subscribe({
      next: value => {
        log.push(`next ${value}`);
        mayEcho('delivery');
      },
      error: error => log.push(`error ${error}`),
      complete: () => log.push('complete'),
    });
  steps.slice(atOnce).forEach(act);
  return log;
}

describe('The paced operators', () => {
  const pairs: Record<string, [Merging, Merging]> = {
    mergeMap: [project => ours.mergeMap(project), project => rx.mergeMap(project)],
    'mergeMap with 1': [project => ours.mergeMap(project, 1), project => rx.mergeMap(project, 1)],
    'mergeMap with 2': [project => ours.mergeMap(project, 2), project => rx.mergeMap(project, 2)],
    concatMap: [project => ours.concatMap(project), project => rx.concatMap(project)],
    'mergeAll with 2': [
      project => x$ => x$.pipe(rx.map(project), ours.mergeAll(2)),
      project => x$ => x$.pipe(rx.map(project), rx.mergeAll(2)),
    ],
    concatAll: [
      project => x$ => x$.pipe(rx.map(project), ours.concatAll()),
      project => x$ => x$.pipe(rx.map(project), rx.concatAll()),
    ],
  };

  for (const [name, [paced, original]] of Object.entries(pairs)) {
    it(`behave like those of RxJS after a source that cannot wait: ${name}`, () => {
      fc.assert(
        fc.property(scenario, each => {
          expect(run(paced, each)).to.deep.equal(run(original, each));
        }),
        { numRuns: 1500 },
      );
    });
  }
});
