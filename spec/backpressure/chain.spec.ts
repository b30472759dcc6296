import { expect } from 'chai';
import * as rx from 'rxjs';
import { type Demand, demand, demandsBelow } from '../../lib/backpressure/demand.ts';
import { table, type Way } from './support/rxjs-table.ts';

describe('the chain of subscribers in the installed rxjs', () => {
  it('has a row here for each export', () => {
    const known = new Set(Object.keys(table));
    expect(
      Object.keys(rx).filter(name => !known.has(name)),
      'not in the table',
    ).to.deep.equal([]);
    expect(
      [...known].filter(name => !(name in rx)),
      'no longer exported',
    ).to.deep.equal([]);
  });

  for (const [name, row] of Object.entries(table)) {
    if (row === 'no source') continue;
    const [expected, ...ways] = row;
    it(`is ${expected === 'opaque' ? 'ended' : 'kept'} by ${name}`, () => {
      for (const way of ways) expect(walk(way), String(way)).to.equal(expected);
    });
  }
});

const full: Demand = { ready: false, onReady: () => () => {} };

/** Whether a source in this place sees the Demand of the observer. */
function walk(way: Way): string {
  let found = 'the source was not subscribed';
  const x$ = new rx.Observable<any>(subscriber => {
    found = demandsBelow(subscriber).includes(full) ? 'transparent' : 'opaque';
    subscriber.complete();
  });
  const observer: Partial<rx.Observer<any>> = { error: () => {}, [demand]: full } as object;
  way(x$).subscribe(observer).unsubscribe();
  return found;
}
