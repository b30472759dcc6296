import { isObservable, type Observable } from 'rxjs';
import { withSource } from '../backpressure/rxjs-internals.ts';
import { kindOf } from '../core/validate.ts';

/** An Observable whose subscriptions are counted; see {@link watch}. */
export interface Watched<T = unknown> {
  /** What to give in the place of the source. */
  readonly source$: Observable<T>;
  readonly name: string;
  /** How often it was subscribed to. */
  readonly subscriptions: number;
  /** How many of these have neither ended nor been unsubscribed from. */
  readonly active: number;
}

/**
 * Counts the subscriptions of an Observable, for {@link assertNothingSubscribed}. A source that can wait is paced through it
 * as without it.
 *
 * @param name what a message calls it. Default: `source$`.
 * @throws TypeError when it is no Observable.
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
    // The subscriber goes to the source itself, so that the chain of Demand is whole.
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
