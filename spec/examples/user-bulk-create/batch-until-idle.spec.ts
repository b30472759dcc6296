import { setImmediate as turn } from 'node:timers/promises';
import { expect } from 'chai';
import { pull } from 'rx-grpc';
import { concatMap } from 'rx-grpc/operators';
import { NEVER, of, Subject, throwError } from 'rxjs';
import { batchUntilIdle } from '../../../examples/user-bulk-create/batch-until-idle.ts';

const turns = async (n: number) => {
  for (let i = 0; i < n; i++) await turn();
};

describe('batchUntilIdle', () => {
  it('emits a batch as soon as it is full', () => {
    const source$ = new Subject<number>();
    const batches: number[][] = [];
    source$.pipe(batchUntilIdle(2)).subscribe(batch => batches.push(batch));
    for (let n = 1; n <= 5; n++) source$.next(n);
    expect(batches).to.deep.equal([
      [1, 2],
      [3, 4],
    ]);
  });

  it('emits what it has within a few turns after the input went idle, without waiting for its completion', async () => {
    const source$ = new Subject<number>();
    const batches: number[][] = [];
    source$.pipe(batchUntilIdle(100)).subscribe(batch => batches.push(batch));
    source$.next(1);
    source$.next(2);
    expect(batches).to.deep.equal([]);
    await turns(4);
    expect(batches).to.deep.equal([[1, 2]]);
    source$.next(3);
    await turns(4);
    expect(batches).to.deep.equal([[1, 2], [3]]);
    await turns(4);
    expect(batches, 'nothing more').to.have.length(2);
  });

  it('gathers the values of each turn of the event loop into one batch', async () => {
    const source$ = new Subject<number>();
    const batches: number[][] = [];
    source$.pipe(batchUntilIdle(100)).subscribe(batch => batches.push(batch));
    for (let n = 1; n <= 10; n++) {
      source$.next(n);
      await turn();
    }
    await turns(4);
    expect(batches).to.deep.equal([[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]]);
  });

  it('emits what it has when the input completes, and then completes; emits nothing for an empty input', () => {
    const seen: unknown[] = [];
    const observer = { next: (batch: number[]) => seen.push(batch), complete: () => seen.push('complete') };
    of(1, 2, 3).pipe(batchUntilIdle(2)).subscribe(observer);
    of<number[]>()
      .pipe(batchUntilIdle(2))
      .subscribe(observer as never);
    expect(seen).to.deep.equal([[1, 2], [3], 'complete', 'complete']);
  });

  it('drops its batch when the input errors, or when it is unsubscribed', async () => {
    const seen: unknown[] = [];
    const source$ = new Subject<number>();
    source$.pipe(batchUntilIdle(2)).subscribe({ next: batch => seen.push(batch), error: error => seen.push(error) });
    source$.next(1);
    source$.error('cancelled');
    throwError(() => 'at once')
      .pipe(batchUntilIdle(2))
      .subscribe({ error: error => seen.push(error) });

    const other$ = new Subject<number>();
    const subscription = other$.pipe(batchUntilIdle(2)).subscribe(batch => seen.push(batch));
    other$.next(1);
    subscription.unsubscribe();
    await turns(4);
    expect(seen).to.deep.equal(['cancelled', 'at once']);
  });

  it('makes a source wait while its batch is processed', async () => {
    let asked = 0;
    function* numbers() {
      for (;;) yield ++asked;
    }
    const subscription = pull(numbers)
      .pipe(
        batchUntilIdle(10),
        concatMap(() => NEVER),
      )
      .subscribe();
    await turns(10);
    expect(asked).to.equal(10);
    subscription.unsubscribe();
  });
});
