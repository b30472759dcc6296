import type { Observer } from 'rxjs';
import { Gate } from '../../../lib/backpressure/gate.ts';
import { type Demand, demand } from '../../../lib/index.ts';

/** The end of a chain: takes as many values as it has room for, then is full until it gets more room. */
export class Sink<T> implements Observer<T> {
  readonly values: T[] = [];
  /** Each notification as text: `next 1`, `error Error: no`, `complete`. */
  readonly log: string[] = [];
  readonly gate: Gate;
  readonly [demand]: Demand;
  /** Resolves with the first `error` or `complete`. */
  readonly ended: Promise<void>;
  error!: (error: unknown) => void;
  complete!: () => void;
  failure: any;
  #room: number;
  #watchers: { readonly count: number; readonly reached: () => void }[] = [];

  constructor(room: number = Number.POSITIVE_INFINITY) {
    this.#room = room;
    this.gate = new Gate(() => this.#room > 0);
    this[demand] = this.gate;
    this.ended = new Promise(resolve => {
      this.error = error => {
        this.failure = error;
        this.log.push(`error ${error}`);
        resolve();
      };
      this.complete = () => {
        this.log.push('complete');
        resolve();
      };
    });
  }

  next = (value: T): void => {
    this.#room--;
    this.values.push(value);
    this.log.push(`next ${value}`);
    for (const watcher of this.#watchers) if (watcher.count === this.values.length) watcher.reached();
  };

  /** Adds room for this many more values. */
  admit(count: number): void {
    this.#room += count;
    this.gate.wake();
  }

  /** Resolves when this many values have arrived. */
  has(count: number): Promise<void> {
    return new Promise(reached => {
      if (this.values.length >= count) reached();
      else this.#watchers.push({ count, reached });
    });
  }
}
