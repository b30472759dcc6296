/**
 * What is there now, in the order in which it came. A Set would do, but for V8: the tables that a Set outgrows keep what was in them
 * and lead to the next one, so that once such a table is an old object, everything that comes and goes later stays in memory until
 * the whole heap is marked. What has left a roster is linked to nothing.
 */
export class Roster<T> implements Iterable<T> {
  #size = 0;
  #first: Place<T> | undefined;
  #last: Place<T> | undefined;

  get size(): number {
    return this.#size;
  }

  /** What it returns takes the value out again. */
  add(value: T): Leave {
    const place: Place<T> = { value, before: this.#last, behind: undefined };
    if (this.#last === undefined) this.#first = place;
    else this.#last.behind = place;
    this.#last = place;
    this.#size++;
    let isIn = true;
    return () => {
      if (!isIn) return;
      isIn = false;
      this.#take(place);
    };
  }

  /** Those of now: they may leave meanwhile. */
  [Symbol.iterator](): Iterator<T> {
    const values: T[] = [];
    for (let place = this.#first; place !== undefined; place = place.behind) values.push(place.value);
    return values.values();
  }

  #take(place: Place<T>): void {
    const { before, behind } = place;
    if (before === undefined) this.#first = behind;
    else before.behind = behind;
    if (behind === undefined) this.#last = before;
    else behind.before = before;
    place.before = undefined;
    place.behind = undefined;
    this.#size--;
  }
}

export type Leave = () => void;

interface Place<T> {
  readonly value: T;
  before: Place<T> | undefined;
  behind: Place<T> | undefined;
}
