import { type Cell, nameOf } from './cells.ts';
import { contenders } from './contender.ts';
import { Pair } from './pair.ts';
import { quantile } from './statistics.ts';

/** One contender in one round. */
export interface Sample {
  /** Messages, calls or round trips in a second. */
  readonly rate: number;
  /** CPU seconds for 100,000 of them. */
  readonly clientCpu: number;
  readonly serverCpu: number;
  /** Milliseconds of a round trip, where one is waited for at a time. */
  readonly p50?: number;
  readonly p99?: number;
}

/** One contender in one cell. */
export interface Result {
  readonly cell: Cell;
  readonly contender: string;
  /** By round. */
  readonly samples: readonly Sample[];
  /** The most bytes in RAM of each process, of the warm-up and all rounds. */
  readonly maxResident?: { readonly server: number; readonly client: number };
  /** Why it was given up. */
  readonly error?: string;
}

export interface TrialOptions {
  readonly contenders: readonly string[];
  readonly rounds: number;
  /** Of one contender in one round, at the least. */
  readonly seconds: number;
  /** Folders of other builds of rx-grpc, by the name under which they take part. */
  readonly builds: Readonly<Record<string, string>>;
}

/**
 * Rounds that a pair of processes is used for. V8's garbage collector settles differently in each, by luck, and stays so: of 64 unary
 * calls at once a server of one and the same library took 57 or 82 microseconds a call.
 */
const ROUNDS_OF_A_PAIR = 3;
/** Seconds that it does the work of the cell before, to be compiled. */
const WARM_UP_S = 1.2;

/** Runs one cell: all contenders in turn in each round, with processes of their own that did the same work before. */
export async function trial(cell: Cell, options: TrialOptions): Promise<Result[]> {
  const { rounds, seconds, builds } = options;
  const lanes = options.contenders.map(name => new Lane(name, cell, builds));
  try {
    for (let round = 0; round < rounds; round++) {
      for (const lane of rotated(lanes, round)) await lane.run(round, seconds);
    }
    return await Promise.all(lanes.map(lane => lane.end()));
  } finally {
    await Promise.all(lanes.map(lane => lane.stop()));
  }
}

class Lane {
  readonly #name: string;
  readonly #cell: Cell;
  readonly #builds: TrialOptions['builds'];
  readonly #samples: Sample[] = [];
  readonly #maxResident = { server: 0, client: 0 };
  #pair: Pair | undefined;
  #error: string | undefined;

  constructor(name: string, cell: Cell, builds: TrialOptions['builds']) {
    this.#name = name;
    this.#cell = cell;
    this.#builds = builds;
  }

  async run(round: number, seconds: number): Promise<void> {
    if (this.#error !== undefined) return;
    try {
      if (round % ROUNDS_OF_A_PAIR === 0) await this.#renew();
      this.#samples.push(await measure(this.#pair!, this.#cell, seconds));
    } catch (error) {
      this.#error = String(error).slice(0, 500);
      await this.stop();
      process.stderr.write(`${nameOf(this.#cell)}: ${this.#name}: ${this.#error}\n`);
    }
  }

  async end(): Promise<Result> {
    const result = { cell: this.#cell, contender: this.#name, samples: this.#samples };
    if (this.#error !== undefined) return { ...result, error: this.#error };
    await this.#noteMemory();
    return { ...result, maxResident: this.#maxResident };
  }

  async stop(): Promise<void> {
    await this.#pair?.stop();
    this.#pair = undefined;
  }

  async #renew(): Promise<void> {
    await this.#noteMemory();
    await this.stop();
    this.#pair = await startPair(this.#name, this.#builds);
    await this.#pair.slice(this.#cell, WARM_UP_S);
  }

  async #noteMemory(): Promise<void> {
    if (this.#pair === undefined) return;
    const { server, client } = await this.#pair.usage();
    const most = this.#maxResident;
    most.server = Math.max(most.server, server.maxResident);
    most.client = Math.max(most.client, client.maxResident);
  }
}

export function startPair(name: string, builds: Readonly<Record<string, string>>): Promise<Pair> {
  const build = builds[name];
  return build === undefined ? Pair.start(contenders[name]!.file) : Pair.start('rx-grpc', { build });
}

async function measure(pair: Pair, cell: Cell, minSeconds: number): Promise<Sample> {
  const { messages, seconds, cpu, serverCpu, roundTrips } = await pair.slice(cell, minSeconds);
  const sorted = roundTrips.sort();
  const per100k = 100_000 / messages;
  return {
    rate: messages / seconds,
    clientCpu: cpu * per100k,
    serverCpu: serverCpu * per100k,
    ...(sorted.length > 0 && { p50: quantile(sorted, 0.5), p99: quantile(sorted, 0.99) }),
  };
}

/** Each round begins with another one. */
function rotated<T>(lanes: readonly T[], round: number): T[] {
  const first = round % lanes.length;
  return [...lanes.slice(first), ...lanes.slice(0, first)];
}
