import { type Cell, nameOf } from './cells.ts';
import type { Variant } from './contender.ts';
import { Pair } from './pair.ts';
import { quantile } from './statistics.ts';

/** One variant in one round. */
export interface Sample {
  /** Microseconds of CPU for each message, call or round trip. */
  readonly clientCpuUs: number;
  readonly serverCpuUs: number;
  /** Messages, calls or round trips in a second. */
  readonly rate: number;
  /** Milliseconds of a round trip, where one is waited for at a time. */
  readonly p50?: number;
  readonly p99?: number;
}

/** One variant in one cell. */
export interface Result {
  readonly cell: Cell;
  readonly name: string;
  readonly setting?: string;
  /** By round. */
  readonly samples: readonly Sample[];
  /** The most bytes in RAM above what each process had when it was ready, warm-up included. */
  readonly growth?: { readonly server: number; readonly client: number };
  /** Why it was given up. */
  readonly error?: string;
}

export interface TrialOptions {
  readonly rounds: number;
  /** Of one variant in one round, at the least. */
  readonly seconds: number;
}

/**
 * Rounds that a pair of processes is used for. V8's garbage collector settles differently in each, by luck, and stays so: of 64 unary
 * calls at once a server of one and the same library took 57 or 82 microseconds a call.
 */
const ROUNDS_OF_A_PAIR = 3;
/** Seconds of CPU that the client of a new pair works before, to be compiled; on a busy machine they take longer. */
const WARM_UP_CPU_S = 0.6;
const WARM_UP_SLICE_S = 0.35;
const MOST_WARM_UP_SLICES = 10;
/** Of one piece of that work. */
const MOST_WARM_UP_MESSAGES = 20_000;
/** Requests of one call cost plain grpc-js, and what builds on it, more the more there are: 100,000 take 9 seconds. */
const SLOW_IN_LONG_CALLS: ReadonlySet<string> = new Set(['grpc-js', 'nice-grpc', 'nestjs']);
const LONG_CALL_S = 9;
/** Of a pair to start, in parallel with others, and to warm up; of a round besides its work. Measured on two cores. */
const START_S = 0.6;
const WARM_UP_S = 1;
const ROUND_S = 0.25;

/** What a trial takes on two cores. */
export function expectedSeconds(cell: Cell, variants: readonly Variant[], options: TrialOptions): number {
  const { rounds } = options;
  const pairs = Math.ceil(rounds / ROUNDS_OF_A_PAIR);
  const isLong = cell.at === 1 && cell.messages > MOST_WARM_UP_MESSAGES;
  const each = variants.map(({ name, isCold }) => {
    const seconds = isLong && SLOW_IN_LONG_CALLS.has(name) ? LONG_CALL_S : options.seconds;
    return isCold ? rounds * (START_S + ROUND_S) : pairs * (START_S + WARM_UP_S) + rounds * (seconds + ROUND_S);
  });
  return each.reduce((sum, one) => sum + one, 0);
}

/** Runs one cell: all variants in turn in each round. */
export async function trial(cell: Cell, variants: readonly Variant[], options: TrialOptions): Promise<Result[]> {
  const lanes = variants.map(variant => new Lane(variant, cell));
  try {
    for (let round = 0; round < options.rounds; round++) {
      await Promise.all(lanes.map(lane => lane.start(round)));
      for (const lane of rotated(lanes, round)) await lane.run(options.seconds);
    }
    return await Promise.all(lanes.map(lane => lane.end()));
  } finally {
    await Promise.all(lanes.map(lane => lane.stop()));
  }
}

class Lane {
  readonly #variant: Variant;
  readonly #cell: Cell;
  readonly #samples: Sample[] = [];
  readonly #growth = { server: 0, client: 0 };
  #pair: Pair | undefined;
  #isWarm = false;
  #error: string | undefined;

  constructor(variant: Variant, cell: Cell) {
    this.#variant = variant;
    this.#cell = cell;
  }

  /** Starts a new pair of processes where the round wants one. */
  start(round: number): Promise<void> {
    return this.#try(async () => {
      if (!this.#variant.isCold && round % ROUNDS_OF_A_PAIR !== 0) return;
      await this.#noteGrowth();
      await this.stop();
      this.#pair = await Pair.start(this.#variant);
      await this.#pair.prepare();
    });
  }

  run(seconds: number): Promise<void> {
    return this.#try(async () => {
      if (!this.#variant.isCold) await this.#settle();
      this.#samples.push(await measure(this.#pair!, this.#cell, this.#variant.isCold ? 0 : seconds));
    });
  }

  /** Makes the pair one that has run for long: its connections are used, its code is compiled, its first garbage is gone. */
  async #settle(): Promise<void> {
    if (!this.#isWarm) await warmUp(this.#pair!, this.#cell);
    this.#isWarm = true;
    await this.#pair!.collect();
  }

  async end(): Promise<Result> {
    const { name, setting } = this.#variant;
    await this.#try(() => this.#noteGrowth());
    return {
      cell: this.#cell,
      name,
      ...(setting !== undefined && { setting }),
      samples: this.#samples,
      ...(this.#error === undefined ? { growth: this.#growth } : { error: this.#error }),
    };
  }

  async stop(): Promise<void> {
    await this.#pair?.stop();
    this.#pair = undefined;
    this.#isWarm = false;
  }

  async #noteGrowth(): Promise<void> {
    if (this.#pair === undefined) return;
    const usages = await this.#pair.usage();
    for (const role of ['server', 'client'] as const) {
      const { residentMax, residentReady } = usages[role];
      this.#growth[role] = Math.max(this.#growth[role], residentMax - residentReady);
    }
  }

  /** The first error ends the lane. */
  async #try(work: () => Promise<void>): Promise<void> {
    if (this.#error !== undefined) return;
    try {
      await work();
    } catch (error) {
      this.#error = String(error).slice(0, 500);
      await this.stop();
      process.stderr.write(`${nameOf(this.#cell)}: ${this.#variant.name}: ${this.#error}\n`);
    }
  }
}

/** Unary calls run many at once here: one at a time mostly waits, and its code is compiled later. */
async function warmUp(pair: Pair, cell: Cell): Promise<void> {
  const messages = Math.min(cell.messages, MOST_WARM_UP_MESSAGES);
  const work = { ...cell, messages, at: cell.shape === 'unary' ? 64 : cell.at };
  let cpu = 0;
  for (let slices = 0; cpu < WARM_UP_CPU_S && slices < MOST_WARM_UP_SLICES; slices++) {
    cpu += (await pair.slice(work, WARM_UP_SLICE_S)).cpu;
  }
}

async function measure(pair: Pair, cell: Cell, minSeconds: number): Promise<Sample> {
  const { messages, seconds, cpu, serverCpu, roundTrips } = await pair.slice(cell, minSeconds);
  const sorted = Float64Array.from(roundTrips).sort();
  return {
    clientCpuUs: (cpu * 1e6) / messages,
    serverCpuUs: (serverCpu * 1e6) / messages,
    rate: messages / seconds,
    ...(sorted.length > 0 && { p50: quantile(sorted, 0.5), p99: quantile(sorted, 0.99) }),
  };
}

/** Each round begins with another one. */
function rotated<T>(lanes: readonly T[], round: number): T[] {
  const first = round % lanes.length;
  return [...lanes.slice(first), ...lanes.slice(0, first)];
}
