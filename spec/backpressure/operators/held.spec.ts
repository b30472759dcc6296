import { expect } from 'chai';
import * as rx from 'rxjs';
import { OverflowError } from '../../../lib/index.ts';
import { concatMap, delay, observeOn, zipWith } from '../../../lib/operators.ts';

/** The values that a paced operator holds from a source that cannot wait. */
const LIMIT = 1_000_000;

const holding: Record<string, { readonly pipe: rx.OperatorFunction<number, unknown>; readonly atWork: number }> = {
  concatMap: { pipe: concatMap(() => rx.NEVER), atWork: 1 },
  zipWith: { pipe: zipWith(rx.NEVER), atWork: 0 },
  delay: { pipe: delay(1, new rx.VirtualTimeScheduler()), atWork: 0 },
  observeOn: { pipe: observeOn(new rx.VirtualTimeScheduler()), atWork: 0 },
};

describe('A paced operator after a source that cannot wait', () => {
  for (const [name, { pipe, atWork }] of Object.entries(holding)) {
    it(`holds 1,000,000 values, and errors at one more with the remedy in its message: ${name}`, () => {
      const source$ = new rx.Subject<number>();
      let failure: unknown;
      source$.pipe(pipe).subscribe({ error: error => (failure = error) });
      for (let n = 0; n < LIMIT + atWork; n++) source$.next(n);
      expect(failure).to.equal(undefined);
      source$.next(0);
      expect(failure).to.be.instanceOf(OverflowError);
      expect(String(failure)).to.match(/1000000 values wait.*pull.*onBackpressure/);
    }).timeout(20_000);
  }
});
