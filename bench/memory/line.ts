import { setTimeout as sleep } from 'node:timers/promises';
import type { Cell, Point } from './cells.ts';

/** Messages that a producer has to offer. */
export const OFFERED = 60_000;

/** `n` from here on is three bytes on the wire, which with this payload makes a message of 1 KiB. */
const FIRST = 1 << 14;
const PAYLOAD_BYTES = 1017;
const WORK_MS = 1;

export interface Parcel {
  readonly payload: Uint8Array;
  readonly n: number;
}

/** One process's part of the line from producer to reader: it makes and takes the messages, and notes when. */
export class Line {
  readonly cell: Cell;
  /** When each message passed each point: milliseconds of a clock that all processes share. */
  readonly times: Partial<Record<Point, number[]>> = {};
  readonly #reads: number;
  readonly #done: () => void;

  constructor(cell: Cell, reads: number, done: () => void) {
    this.cell = cell;
    this.#reads = reads;
    this.#done = done;
  }

  /** The source. Asking it for a message is what counts as producing one. */
  *produce(): Generator<Parcel> {
    for (let i = 0; i < OFFERED; i++) {
      this.pass('produced');
      yield { payload: Buffer.alloc(PAYLOAD_BYTES, i), n: FIRST + i };
    }
  }

  pass(point: Point): void {
    const [seconds, nanoseconds] = process.hrtime();
    (this.times[point] ??= []).push(seconds * 1e3 + nanoseconds / 1e6);
  }

  /** The reader: takes a message and works on it, unless the work of this cell is the echo's. */
  async take(parcel: Parcel): Promise<void> {
    const taken = this.times.taken?.length ?? 0;
    if (parcel.n !== FIRST + taken) throw new Error(`message ${parcel.n - FIRST} came instead of message ${taken}`);
    this.pass('taken');
    if (taken + 1 === this.#reads) this.#done();
    if (!this.#isEchoAtWork) await sleep(WORK_MS);
  }

  /** The echo's part. */
  async turn(parcel: Parcel): Promise<Parcel> {
    this.pass('turned');
    if (this.#isEchoAtWork) await sleep(WORK_MS);
    return parcel;
  }

  get #isEchoAtWork(): boolean {
    return this.cell.direction === 'bidi' && this.cell.pipeline === 'concatMap';
  }
}
