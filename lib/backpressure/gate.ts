import type { Demand, PauseListener } from './demand.ts';

/**
 * The Demand of a stage: `ready` as the stage sees it, and those who wait. Waiters are woken in the order they came, one
 * at a time, until the stage is full again; the others keep their place.
 */
export class Gate implements Demand {
  readonly #isReady: () => boolean;
  /** Who came first; mostly there is one, who is here and gone with each message. */
  #first: Waiter | undefined;
  #others: Set<Waiter> | undefined;
  readonly #wire: PauseListener | undefined;
  #waking = false;

  /** @param wire for a stage whose waiters wait for the wire: hears of their pauses. */
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

  /** How many sources wait. */
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

  /** To be called by the stage whenever it may have become ready. */
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
