import { type MonoTypeOperatorFunction, share as rxShare, type ShareConfig, type Subscriber } from 'rxjs';
import { type Demand, firstFull } from '../demand.ts';
import { Gate } from '../gate.ts';
import { inOwnContext } from '../in-own-context.ts';
import { demandsBelow, PacedSubscriber, withSource } from '../rxjs-internals.ts';
import { onBackpressureBuffer } from './on-backpressure.ts';

/** RxJS's configuration, and what becomes of a subscriber that is slower than the others. */
export interface PacedShareConfig<T> extends ShareConfig<T> {
  /**
   * Values that a subscriber may be behind the fastest; it is dropped at one more, with an {@link OverflowError}, and the
   * others go on. Default: nobody is dropped, and the slowest sets the pace.
   */
  readonly maxLag?: number | undefined;
}

/**
 * RxJS's `share`, and the source keeps the pace of the slowest subscriber: it is asked while all of them are ready. With
 * `maxLag` it keeps that of the fastest, and a subscriber that falls behind by more is dropped.
 *
 * Buffered: nothing; with `maxLag` so many values for each subscriber. Each hears the values in its own async context; the
 * source is in that of the first.
 */
export function share<T>(config: PacedShareConfig<T> = {}): MonoTypeOperatorFunction<T> {
  const { maxLag, ...rxConfig } = config;
  if (maxLag !== undefined && !(maxLag >= 1))
    throw new RangeError(`share: expected maxLag to be 1 or more, got ${maxLag}`);
  return source => {
    const readers = new Readers(maxLag === undefined ? 'slowest' : 'fastest');
    const shared$ = withSource<T>(source, output =>
      source.subscribe(new PacedSubscriber(output, readers, output)),
    ).pipe(rxShare(rxConfig));
    return withSource<T>(source, output => {
      readers.add(output);
      const own$ = inOwnContext(shared$);
      (maxLag === undefined ? own$ : own$.pipe(onBackpressureBuffer(maxLag))).subscribe(output);
      readers.wake(); // now that it is heard: a source that waited for somebody goes on
    });
  };
}

/** The Demand of many: ready when all of them are, or when one is. */
class Readers implements Demand {
  readonly #pace: 'slowest' | 'fastest';
  readonly #readers = new Map<Subscriber<any>, readonly Demand[]>();
  readonly #gate: Gate = new Gate(() => this.ready);
  #unwatch: (() => void)[] = [];

  constructor(pace: 'slowest' | 'fastest') {
    this.#pace = pace;
  }

  get ready(): boolean {
    let readers = 0;
    for (const [reader, demands] of this.#readers) {
      if (reader.closed) continue; // before its teardown is
      readers++;
      const isReady = firstFull(demands) === undefined;
      if (isReady !== (this.#pace === 'slowest')) return isReady;
    }
    return this.#pace === 'slowest' && readers > 0; // nobody reads: it waits for who comes
  }

  onReady(resume: () => void): () => void {
    const undo = this.#gate.onReady(resume);
    if (this.#unwatch.length === 0) this.#watch();
    return undo;
  }

  add(reader: Subscriber<any>): void {
    this.#readers.set(reader, demandsBelow(reader));
    reader.add(() => {
      this.#readers.delete(reader);
      this.wake();
    });
  }

  /** One that is full is enough to know that the slowest is; of the fastest any may be the first. */
  #watch(): void {
    for (const demands of this.#readers.values()) {
      const full = firstFull(demands);
      if (full === undefined) continue;
      this.#unwatch.push(full.onReady(() => this.wake()));
      if (this.#pace === 'slowest') return;
    }
  }

  wake(): void {
    for (const unwatch of this.#unwatch.splice(0)) unwatch();
    this.#gate.wake();
    if (this.#gate.waiting > 0 && this.#unwatch.length === 0) this.#watch();
  }
}
