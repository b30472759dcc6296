/** A counting semaphore with a bounded queue of waiters, served in the order of arrival. */
export class Semaphore {
  readonly #max: number;
  readonly #maxQueued: number;
  /** A circular list of the waiters, with this node as its head, so that any waiter can leave in constant time. */
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

  /** Whether enter() would start at once. */
  get isFree(): boolean {
    return this.#running < this.#max && this.#queued === 0 && !this.#isFilling;
  }

  /** Whether both the permits and the queue are exhausted. */
  get isFull(): boolean {
    return this.#running + this.#queued >= this.#max + this.#maxQueued;
  }

  /** Calls back when it has acquired a permit, possibly at once. Returns a function that leaves the queue. */
  enter(start: () => void): () => void {
    const waiter = new Waiter(start);
    waiter.putBefore(this.#ring);
    this.#queued++;
    this.#fill();
    return () => this.#remove(waiter);
  }

  /** Releases a permit. */
  leave(): void {
    this.#running--;
    this.#fill();
  }

  /** A loop, not a recursion, because a waiter may release its permit while it starts. */
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

  /** Returns false if it was not in a list. */
  remove(): boolean {
    if (this.after === this) return false;
    this.before.after = this.after;
    this.after.before = this.before;
    this.before = this.after = this;
    return true;
  }
}
