import type { ObservableInput, OperatorFunction, concatMap as rxConcatMap } from 'rxjs';
import { mergeMap } from './merge-map.ts';

/**
 * RxJS's `concatMap`, and a source that can wait is asked for a value only when no inner Observable is at work.
 * Otherwise as {@link mergeMap} with `concurrent` 1.
 */
export const concatMap: typeof rxConcatMap = <T, O extends ObservableInput<any>>(
  project: (value: T, index: number) => O,
  resultSelector?: any,
): OperatorFunction<T, any> => mergeMap(project, typeof resultSelector === 'function' ? resultSelector : 1, 1);
