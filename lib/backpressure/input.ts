import { from, isObservable, type Observable, type ObservableInput } from 'rxjs';
import { isPullable, pull } from './pull.ts';

/**
 * What RxJS's `from` takes, with a difference: iterables and streams are pulled, so that they wait. What is a promise as
 * well (the queries of some databases) is awaited, as `from` does.
 */
export function fromInput<T>(input: ObservableInput<T>): Observable<T> {
  if (isObservable(input)) return input as Observable<T>;
  return isPullable(input) && !('then' in Object(input)) ? pull(input as Iterable<T>) : from(input);
}
