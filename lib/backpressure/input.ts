import { from, isObservable, type Observable, type ObservableInput } from 'rxjs';
import { isPullable, pull } from './pull.ts';

/**
 * Converts any input of RxJS's `from` to an Observable, but pulls iterables and streams, so that they wait. An iterable
 * that is also a promise (the queries of some databases) is awaited, as `from` does.
 */
export function fromInput<T>(input: ObservableInput<T>): Observable<T> {
  if (isObservable(input)) return input as Observable<T>;
  return isPullable(input) && !('then' in Object(input)) ? pull(input as Iterable<T>) : from(input);
}
