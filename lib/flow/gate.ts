import type { Demand } from './demand.ts';
import type { Meter } from './meter.ts';

/**
 * The Demand of a stage: `ready` as the stage sees it, and those who wait. Waiters are woken in the order they came, one
 * at a time, until the stage is full again; the others keep their place.
 */
export class Gate implements Demand {
  readonly #isReady: () => boolean;
  readonly #waiting = new Set<{ readonly resume: () => void }>();
  readonly #wire: Meter | undefined;
  #waking = false;

  /** @param wire of a stream: who waits here waits for the wire, and the meter is told. */
  constructor(isReady: () => boolean, wire?: Meter) {
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
    return this.#waiting.size;
  }

  onReady(resume: () => void): () => void {
    const waiter = { resume };
    this.#waiting.add(waiter);
    this.#wire?.pause(forTheWire);
    return () => {
      this.#waiting.delete(waiter);
      if (this.#waiting.size === 0) this.#wire?.resume();
    };
  }

  /** To be called by the stage whenever it may have become ready. */
  wake(): void {
    if (this.#waking || this.#waiting.size === 0) return;
    this.#waking = true;
    try {
      for (const waiter of this.#waiting) {
        if (!this.#isReady()) break;
        this.#waiting.delete(waiter);
        waiter.resume();
      }
    } finally {
      this.#waking = false;
      if (this.#waiting.size === 0) this.#wire?.resume();
    }
  }
}

const forTheWire = () => 'wire' as const;
