/**
 * A doubly linked list: iterates in the order of insertion and removes from anywhere. A Set would do but for V8, where the hash tables
 * that a Set outgrows keep their entries and refer to the next table: once such a table is in the old generation, every later entry
 * stays in memory until a full garbage collection. A removed node of this list refers to nothing.
 */
export class LinkedList<T> implements Iterable<T> {
  #size = 0;
  #first: Node<T> | undefined;
  #last: Node<T> | undefined;

  get size(): number {
    return this.#size;
  }

  /** Appends a value. Returns a function that removes it. */
  add(value: T): Leave {
    const node: Node<T> = { value, before: this.#last, behind: undefined };
    if (this.#last === undefined) this.#first = node;
    else this.#last.behind = node;
    this.#last = node;
    this.#size++;
    let isIn = true;
    return () => {
      if (!isIn) return;
      isIn = false;
      this.#remove(node);
    };
  }

  /** Iterates over a snapshot, so that values may be removed meanwhile. */
  [Symbol.iterator](): Iterator<T> {
    const values: T[] = [];
    for (let node = this.#first; node !== undefined; node = node.behind) values.push(node.value);
    return values.values();
  }

  #remove(node: Node<T>): void {
    const { before, behind } = node;
    if (before === undefined) this.#first = behind;
    else before.behind = behind;
    if (behind === undefined) this.#last = before;
    else behind.before = before;
    node.before = undefined;
    node.behind = undefined;
    this.#size--;
  }
}

/** Removes a value from its list. */
export type Leave = () => void;

interface Node<T> {
  readonly value: T;
  before: Node<T> | undefined;
  behind: Node<T> | undefined;
}
