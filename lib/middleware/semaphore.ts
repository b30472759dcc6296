/** Places for so many at work, and a queue of so many who wait for one, in the order of arrival. */
export class Places {
  readonly #max: number;
  readonly #maxQueued: number;
  /** A ring of those who wait, through this: it is cheap to leave from the middle. */
  readonly #ring = new Waiter(() => {});
  #running = 0;
  #queued = 0;
  #isFilling = false;

  constructor(max: number, maxQueued: number) {
    this.#max = max;
    this.#maxQueued = maxQueued;
  }

  get running(): number {
    return this.#running;
  }

  get queued(): number {
    return this.#queued;
  }

  /** Who comes now starts now. */
  get isFree(): boolean {
    return this.#running < this.#max && this.#queued === 0 && !this.#isFilling;
  }

  /** There is no place for one more, not even to wait. */
  get isFull(): boolean {
    return this.#running + this.#queued >= this.#max + this.#maxQueued;
  }

  /** Calls back once there is a place, which is taken then. Returns what leaves the queue. */
  enter(start: () => void): () => void {
    const waiter = new Waiter(start);
    waiter.putBefore(this.#ring);
    this.#queued++;
    this.#fill();
    return () => this.#remove(waiter);
  }

  leave(): void {
    this.#running--;
    this.#fill();
  }

  /** A loop and no recursion: who starts may leave at once. */
  #fill(): void {
    if (this.#isFilling) return;
    this.#isFilling = true;
    try {
      while (this.#running < this.#max && this.#queued > 0) {
        const waiter = this.#ring.after;
        this.#remove(waiter);
        this.#running++;
        waiter.start();
      }
    } finally {
      this.#isFilling = false;
    }
  }

  #remove(waiter: Waiter): void {
    if (waiter.remove()) this.#queued--;
  }
}

class Waiter {
  readonly start: () => void;
  before: Waiter = this;
  after: Waiter = this;

  constructor(start: () => void) {
    this.start = start;
  }

  putBefore(other: Waiter): void {
    this.before = other.before;
    this.after = other;
    other.before.after = this;
    other.before = this;
  }

  /** Whether it was in a ring with others. */
  remove(): boolean {
    if (this.after === this) return false;
    this.before.after = this.after;
    this.after.before = this.before;
    this.before = this.after = this;
    return true;
  }
}
