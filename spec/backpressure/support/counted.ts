/** 1, 2, 3 … up to `last`, with counts of its next() and return() calls. */
export class Counted implements Iterable<number> {
  asked = 0;
  returned = 0;
  readonly last: number;

  constructor(last: number = Number.POSITIVE_INFINITY) {
    this.last = last;
  }

  [Symbol.iterator](): Iterator<number> {
    let value = 0;
    return {
      next: () => {
        this.asked++;
        return value < this.last ? { done: false, value: ++value } : { done: true, value: undefined };
      },
      return: () => {
        this.returned++;
        return { done: true, value: undefined };
      },
    };
  }
}

/** The same, asynchronous: each answer is given by hand. */
export class HandAnswered<T> implements AsyncIterable<T> {
  asked = 0;
  returned = 0;
  #answer: ((result: IteratorResult<T>) => void) | undefined;
  #refuse: ((error: unknown) => void) | undefined;
  #onAsked: (() => void) | undefined;

  [Symbol.asyncIterator](): AsyncIterator<T> {
    return {
      next: () => {
        this.asked++;
        this.#onAsked?.();
        return new Promise((resolve, reject) => {
          this.#answer = resolve;
          this.#refuse = reject;
        });
      },
      return: () => {
        this.returned++;
        return Promise.resolve({ done: true, value: undefined });
      },
    };
  }

  answer(value: T): void {
    this.#answer!({ done: false, value });
  }

  end(): void {
    this.#answer!({ done: true, value: undefined });
  }

  refuse(error: unknown): void {
    this.#refuse!(error);
  }

  /** Resolves when it has been asked this often. */
  askedTimes(count: number): Promise<void> {
    return new Promise(resolve => {
      this.#onAsked = () => {
        if (this.asked >= count) resolve();
      };
      this.#onAsked();
    });
  }
}
