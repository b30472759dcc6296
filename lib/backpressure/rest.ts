import { asyncScheduler } from 'rxjs';
import type { Demand } from './demand.ts';
import { Gate } from './gate.ts';
import { isVirtualTime } from './virtual-time.ts';

// Those of Node, also where a test puts fake timers in their place later.
const { setImmediate, clearImmediate } = globalThis;

/** Values between two rests. */
const MAX_VALUES = 1024;

/**
 * The Demand of a stage that takes everything, and lets the event loop run now and then. Without it a source that always has
 * a next value (`pull` of an endless generator) would never give the process back.
 */
export class Rest implements Demand {
  readonly isBrief = true;
  readonly #gate: Gate = new Gate(() => this.ready);
  #values = 0;
  #stop: (() => void) | undefined;

  get ready(): boolean {
    return this.#values < MAX_VALUES;
  }

  onReady(resume: () => void): () => void {
    return this.#gate.onReady(resume);
  }

  /** One more value has come that went no further. */
  count(): void {
    this.#values++;
    if (this.ready || this.#stop !== undefined) return;
    this.#stop = atNextTurn(() => {
      this.#stop = undefined;
      this.#values = 0;
      this.#gate.wake();
    });
  }

  stop(): void {
    this.#stop?.();
  }
}

function atNextTurn(work: () => void): () => void {
  if (isVirtualTime()) {
    const timer = asyncScheduler.schedule(work);
    return () => timer.unsubscribe();
  }
  const immediate = setImmediate(work);
  return () => clearImmediate(immediate);
}
