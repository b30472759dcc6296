/** A queue on a ring buffer: push and shift take constant time (an array's `shift` does not), and only growth allocates. */
export class RingQueue<T> {
  /** The ring buffer, whose length is a power of two. */
  #items: (T | undefined)[] = [];
  #head = 0;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  push(item: T): void {
    if (this.#size === this.#items.length) this.#grow();
    this.#items[this.#at(this.#size++)] = item;
  }

  /** The next item, which stays in the queue. */
  peek(): T | undefined {
    return this.#items[this.#head];
  }

  shift(): T | undefined {
    if (this.#size === 0) return undefined;
    const item = this.#items[this.#head];
    this.#items[this.#head] = undefined;
    this.#head = this.#at(1);
    if (--this.#size === 0 && this.#items.length > MAX_KEPT) this.clear();
    return item;
  }

  clear(): void {
    this.#items = [];
    this.#head = 0;
    this.#size = 0;
  }

  #at(offset: number): number {
    return (this.#head + offset) & (this.#items.length - 1);
  }

  #grow(): void {
    const { length } = this.#items;
    this.#items = [...this.#items.slice(this.#head), ...this.#items.slice(0, this.#head)];
    this.#head = 0;
    this.#items.length = Math.max(MIN_LENGTH, length * 2);
  }
}

const MIN_LENGTH = 4;

/** The largest buffer that an empty queue keeps. */
const MAX_KEPT = 1024;
