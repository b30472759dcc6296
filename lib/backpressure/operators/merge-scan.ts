import { defer, type ObservableInput, type OperatorFunction, type mergeScan as rxMergeScan, tap } from 'rxjs';
import { fromInput } from '../input.ts';
import { mergeMap } from './merge-map.ts';

/** RxJS's `mergeScan` with the backpressure of {@link mergeMap}. */
export const mergeScan: typeof rxMergeScan = <T, R>(
  accumulator: (state: R, value: T, index: number) => ObservableInput<R>,
  seed: R,
  concurrent?: number,
): OperatorFunction<T, R> => {
  return source =>
    defer(() => {
      let state = seed;
      const keep = tap<R>(value => {
        state = value;
      });
      const step = (value: T, index: number) => fromInput(accumulator(state, value, index)).pipe(keep);
      return source.pipe(mergeMap(step, concurrent));
    });
};
