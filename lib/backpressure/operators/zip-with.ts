import type { ObservableInput, OperatorFunction, zipWith as rxZipWith } from 'rxjs';
import { zip } from './zip.ts';

/** RxJS's `zipWith`, paced as {@link zip} is. */
export const zipWith: typeof rxZipWith = <T>(...others: ObservableInput<any>[]): OperatorFunction<T, any> => {
  return source => zip([source, ...others]) as any;
};
