import {
  identity,
  type ObservableInput,
  type ObservedValueOf,
  type OperatorFunction,
  type mergeAll as rxMergeAll,
} from 'rxjs';
import { mergeMap } from './merge-map.ts';

/** RxJS's `mergeAll`, paced as {@link mergeMap} is. */
export const mergeAll: typeof rxMergeAll = <O extends ObservableInput<any>>(
  concurrent?: number,
): OperatorFunction<O, ObservedValueOf<O>> => mergeMap(identity<O>, concurrent);
