import { type MonoTypeOperatorFunction, share as rxShare, type ShareConfig, type Subscriber } from 'rxjs';
import { type Demand, firstFull } from '../demand.ts';
import { Gate } from '../gate.ts';
import { inOwnContext } from '../in-own-context.ts';
import { demandsBelow, PacedSubscriber, withSource } from '../rxjs-internals.ts';
import { onBackpressureBuffer } from './on-backpressure.ts';

/** RxJS's configuration, and a limit for subscribers that are slower than the others. */
export interface PacedShareConfig<T> extends ShareConfig<T> {
  /**
   * The number of values that a subscriber may lag behind the fastest. A subscriber that lags by more gets an {@link
   * OverflowError}, and the others continue. Default: no subscriber is dropped, and the slowest sets the pace.
   */
  readonly maxLag?: number | undefined;
}

/**
 * RxJS's `share` with backpressure: the source runs at the pace of the slowest subscriber. With `maxLag` it runs at the
 * pace of the fastest, and a subscriber that lags by more is dropped.
 *
 * Buffered: nothing; with `maxLag`, up to that many values for each subscriber. Each subscriber gets the values in its
 * own async context. The source runs in the context of the first subscriber.
 *
 * @throws RangeError when `maxLag` is less than 1.
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
      readers.wake(); // a source that waited for a subscriber continues
    });
  };
}

/** The Demand of several subscribers: ready when all of them are, or when one is. */
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
      if (reader.closed) continue; // its teardown, which removes it, is still to come
      readers++;
      const isReady = firstFull(demands) === undefined;
      if (isReady !== (this.#pace === 'slowest')) return isReady;
    }
    return this.#pace === 'slowest' && readers > 0; // without subscribers, the source waits for one
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

  /** Watches one full subscriber at the slowest pace, since each of them blocks, and all of them at the fastest. */
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
