import { type Observer, Subscriber } from 'rxjs';
import { type Demand, demand } from './demand.ts';

/** What a stage does with each notification, and when it is closed in whatever way, after the source's own teardown. */
export interface StageObserver<T> extends Observer<T> {
  readonly finalize?: (() => void) | undefined;
}

/**
 * A subscriber that can be full. With a destination it is an operator's and the chain of Demand goes on below it; without
 * one it is the end. An error thrown by `next` becomes the chain's error.
 */
export class Stage<T> extends Subscriber<T> {
  readonly #observer: StageObserver<T>;
  /** An error that is thrown here goes on to the operator below; at the end of a chain it ends the chain. */
  readonly #fail: (error: unknown) => void;

  constructor(observer: StageObserver<T>, ownDemand?: Demand, below?: Subscriber<any>) {
    super(below);
    this.#observer = observer;
    this.#fail = below === undefined ? error => this.error(error) : error => below.error(error);
    (this as { [demand]?: Demand | undefined })[demand] = ownDemand;
    if (this.closed) observer.finalize?.(); // what is below was closed already
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
    // Not yet there when the constructor of Subscriber finds that what is below is closed.
    if (!wasClosed && #observer in this) this.#observer.finalize?.();
  }
}
