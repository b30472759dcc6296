import { isObservable, type Observable } from 'rxjs';
import { withSource } from '../backpressure/rxjs-internals.ts';
import { kindOf } from '../core/validate.ts';

/** An Observable whose subscriptions are counted; see {@link watch}. */
export interface Watched<T = unknown> {
  /** The Observable to use in place of the source. */
  readonly source$: Observable<T>;
  readonly name: string;
  /** The number of subscriptions so far. */
  readonly subscriptions: number;
  /** The number of subscriptions that have neither ended nor been unsubscribed. */
  readonly active: number;
}

/**
 * Counts the subscriptions of an Observable, for {@link assertNothingSubscribed}. Backpressure passes through it
 * unchanged.
 *
 * @param name the name in error messages. Default: `source$`.
 * @throws TypeError when the value is not an Observable.
 */
export function watch<T>(source$: Observable<T>, name = 'source$'): Watched<T> {
  if (!isObservable(source$)) throw new TypeError(`watch: expected an Observable, got ${kindOf(source$)}`);
  return new Watching(source$, name);
}

export function isWatched(value: unknown): value is Watched {
  return value instanceof Watching;
}

class Watching<T> implements Watched<T> {
  readonly source$: Observable<T>;
  readonly name: string;
  subscriptions = 0;
  active = 0;

  constructor(source$: Observable<T>, name: string) {
    this.name = name;
    // The source gets the subscriber itself, so that the chain of Demand stays intact.
    this.source$ = withSource(source$, subscriber => {
      this.subscriptions++;
      this.active++;
      subscriber.add(() => {
        this.active--;
      });
      source$.subscribe(subscriber);
    });
  }
}
