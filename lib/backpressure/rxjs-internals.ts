import { Observable, type Observer, Subject, Subscriber } from 'rxjs';
import { type Demand, demand } from './demand.ts';

/*
 * Everything that this library assumes of the internals of rxjs 7, which has no public means for it:
 *
 * - an operator's subscriber has the subscriber below as its `destination`, and a final subscriber has the user's observer in
 *   `destination.partialObserver`; a Subject has no `destination`;
 * - an Observable made by an operator has the one above as its `source`; a group of `groupBy` has a `key`;
 * - `new Subscriber(destination)` links a subscriber to the one below, and `isStopped` makes a subscriber ignore notifications.
 *
 * spec/backpressure/rxjs-internals.spec.ts checks them against every operator of the installed rxjs.
 */

/** The Demand of each stage from a subscriber down to the end of its chain, the nearest first. The subscribers behind a Subject are unknown. */
export function demandsBelow(subscriber: Subscriber<any>): readonly Demand[] {
  const found: Demand[] = [];
  let link: Link | null | undefined = subscriber as unknown as Link;
  while (link) {
    if (link[demand] !== undefined) found.push(link[demand]);
    // The chain ends at the user's observer, whose own `destination`, if any, is unrelated.
    if (link.partialObserver?.[demand] !== undefined) found.push(link.partialObserver[demand]);
    link = link.destination;
  }
  return found;
}

interface Link {
  readonly [demand]?: Demand;
  readonly destination?: Link | null;
  readonly partialObserver?: Link;
}

/** The number of operators between an Observable and an observer that subscribes to it, counted up to a maximum. */
export function countOperatorsBelow(observer: unknown, max: number): number {
  let operators = -2; // the user's observer, and the subscriber made of it
  for (let link = observer as Link | null | undefined; link && operators < max; link = link.destination) operators++;
  return Math.max(0, operators);
}

interface Sourced {
  readonly source?: Sourced | undefined;
}

/** Whether an Observable, or one that it is made of by operators, passes a test. */
export function someSource(source$: Observable<any>, test: (source$: object) => boolean): boolean {
  for (let link: Sourced | undefined = source$; link !== undefined; link = link.source) {
    if (test(link)) return true;
  }
  return false;
}

/**
 * Whether an Observable is a Subject, a window or a group, or is made of one by operators. Such a source cannot be asked to wait,
 * and its values may come from upstream of the stage that asks.
 */
export function comesFromSubject(source: unknown): boolean {
  let root = source as Sourced | undefined;
  while (root?.source !== undefined && !(root instanceof Subject)) root = root.source;
  // A group is a plain Observable over a Subject; only its `key` shows it.
  return root instanceof Subject || (typeof root === 'object' && root !== null && 'key' in root);
}

/** The output of an operator. Keeps its `source`, as operators of rxjs do, so that {@link comesFromSubject} sees through it. */
export function withSource<R>(source: Observable<any>, subscribe: (output: Subscriber<R>) => void): Observable<R> {
  const output$ = new Observable<R>(output => {
    try {
      subscribe(output);
    } catch (error) {
      output.error(error); // rxjs does not catch it on an Observable with a source
    }
  });
  output$.source = source;
  return output$;
}

/** Makes a subscriber ignore all further notifications. Its teardown still runs when it is unsubscribed. */
export function ignoreFurther(subscriber: Subscriber<any>): void {
  (subscriber as unknown as { isStopped: boolean }).isStopped = true;
}

/** Handles the notifications of a {@link PacedSubscriber}. */
export interface PacedObserver<T> extends Observer<T> {
  /** Called once when the subscriber is closed, in whatever way, after the teardown of its source. */
  readonly finalize?: (() => void) | undefined;
}

/**
 * A subscriber with a Demand. With a subscriber below, it belongs to an operator, and the chain of Demand goes on; without one, it
 * is the end of a chain. An error that a handler throws goes to the subscriber below, or ends the chain.
 */
export class PacedSubscriber<T> extends Subscriber<T> {
  readonly #observer: PacedObserver<T>;
  readonly #fail: (error: unknown) => void;

  constructor(observer: PacedObserver<T>, ownDemand?: Demand, below?: Subscriber<any>) {
    super(below);
    this.#observer = observer;
    this.#fail = below === undefined ? error => this.error(error) : error => below.error(error);
    (this as { [demand]?: Demand | undefined })[demand] = ownDemand;
    if (this.closed) observer.finalize?.(); // the subscriber below was closed already
  }

  protected override _next(value: T): void {
    try {
      this.#observer.next(value);
    } catch (error) {
      this.#fail(error);
    }
  }

  protected override _error(error: unknown): void {
    try {
      this.#observer.error(error);
    } catch (thrown) {
      this.#fail(thrown);
    } finally {
      this.unsubscribe();
    }
  }

  protected override _complete(): void {
    try {
      this.#observer.complete();
    } catch (error) {
      this.#fail(error);
    } finally {
      this.unsubscribe();
    }
  }

  override unsubscribe(): void {
    const wasClosed = this.closed;
    super.unsubscribe();
    // The constructor of Subscriber unsubscribes, before #observer exists, when the subscriber below is closed.
    if (!wasClosed && #observer in this) this.#observer.finalize?.();
  }
}
