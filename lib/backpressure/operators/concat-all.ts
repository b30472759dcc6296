import type { ObservableInput, ObservedValueOf, OperatorFunction, concatAll as rxConcatAll } from 'rxjs';
import { mergeAll } from './merge-all.ts';

/** RxJS's `concatAll`, paced as {@link concatMap} is. */
export const concatAll: typeof rxConcatAll = <O extends ObservableInput<any>>(): OperatorFunction<
  O,
  ObservedValueOf<O>
> => mergeAll(1);
