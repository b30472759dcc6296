import { concatMap } from 'rx-grpc/operators';
import { identity, type MonoTypeOperatorFunction, map, timer } from 'rxjs';

/** Holds up each value for so long, one after the other, and with them a source that can wait. 0 holds up nothing. */
export function pace<T>(ms: number): MonoTypeOperatorFunction<T> {
  return ms === 0 ? identity : concatMap(value => timer(ms).pipe(map(() => value)));
}
