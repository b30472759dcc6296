import type { Demand, PauseListener } from './demand.ts';

/**
 * The Demand of a stage. It keeps a queue of waiting sources, and wakes them one at a time in the order of arrival
 * until the stage is full again.
 */
export class Gate implements Demand {
  readonly #isReady: () => boolean;
  /**
   * The first waiter. It has a field of its own, because most stages have one waiter, which comes and goes with each
   * message.
   */
  #first: Waiter | undefined;
  #others: Set<Waiter> | undefined;
  readonly #wire: PauseListener | undefined;
  #waking = false;

  /**
   * @param isReady whether the stage is ready for another value
   * @param wire listens for the pauses of a stage that waits for the wire
   */
  constructor(isReady: () => boolean, wire?: PauseListener) {
    this.#isReady = isReady;
    this.#wire = wire;
  }

  get isWire(): boolean {
    return this.#wire !== undefined;
  }

  get ready(): boolean {
    return this.#isReady();
  }

  /** The number of waiting sources. */
  get waiting(): number {
    return this.#first === undefined ? 0 : 1 + (this.#others?.size ?? 0);
  }

  onReady(resume: () => void): () => void {
    const waiter = { resume };
    if (this.#first === undefined) this.#first = waiter;
    else this.#behind(waiter);
    this.#wire?.pause(forTheWire);
    return () => {
      if (this.#first === waiter) this.#shift();
      else this.#others?.delete(waiter);
      if (this.#first === undefined) this.#wire?.resume();
    };
  }

  /** Wakes waiting sources. The stage calls it whenever it may have become ready. */
  wake(): void {
    if (this.#waking || this.#first === undefined) return;
    this.#waking = true;
    try {
      while (this.#first !== undefined && this.#isReady()) this.#shift().resume();
    } finally {
      this.#waking = false;
      if (this.#first === undefined) this.#wire?.resume();
    }
  }

  #shift(): Waiter {
    const first = this.#first!;
    this.#first = undefined;
    if (this.#others !== undefined && this.#others.size > 0) {
      [this.#first] = this.#others;
      this.#others.delete(this.#first!);
    }
    return first;
  }

  #behind(waiter: Waiter): void {
    this.#others ??= new Set();
    this.#others.add(waiter);
  }
}

interface Waiter {
  readonly resume: () => void;
}

const forTheWire = () => 'wire' as const;
