import { type Observable, Subscriber } from 'rxjs';
import { ignoreFurther } from '../backpressure/rxjs-internals.ts';

export interface SendOneOptions<T> {
  /** The source has given its one value and completed. */
  readonly send: (value: T) => void;
  /** The source had none, or gives a second one. It is unsubscribed. */
  readonly violated: (values: 'none' | 'more') => void;
  /** The source has failed, or `send` threw. */
  readonly error: (error: unknown) => void;
}

/**
 * For the shapes that have one message in a direction: an Observable of that message. It is sent when the source completes, so
 * that nobody acts on it before it is certain to be the only one. `stop` unsubscribes the source and drops the message.
 */
export function sendOne<T>(source$: Observable<T>, options: SendOneOptions<T>): { stop(): void } {
  const one = new One(options);
  source$.subscribe(one);
  return one;
}

const none = Symbol('no value');

class One<T> extends Subscriber<T> {
  readonly #options: SendOneOptions<T>;
  #value: T | typeof none = none;

  constructor(options: SendOneOptions<T>) {
    super();
    this.#options = options;
  }

  stop(): void {
    this.unsubscribe();
  }

  protected override _next(value: T): void {
    if (this.#value === none) this.#value = value;
    else {
      ignoreFurther(this); // the source may emit more before it is unsubscribed
      this.#end(() => this.#options.violated('more'));
    }
  }

  protected override _error(error: unknown): void {
    this.#end(() => this.#options.error(error));
  }

  protected override _complete(): void {
    const value = this.#value;
    this.#end(() => {
      try {
        if (value === none) this.#options.violated('none');
        else this.#options.send(value);
      } catch (error) {
        this.#options.error(error);
      }
    });
  }

  /** Only then is the source unsubscribed, for its teardown may throw. */
  #end(tell: () => void): void {
    try {
      tell();
    } finally {
      this.unsubscribe();
    }
  }
}
