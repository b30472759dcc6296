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

/** Runs one cell: all contenders in turn in each round, each with processes of its own that did the same work before. */
export async function trial(cell: Cell, options: TrialOptions): Promise<Result[]> {
  const { rounds, seconds, builds } = options;
  const lanes = options.contenders.map(name => ({
    name,
    pair: undefined as Pair | undefined,
    samples: [] as Sample[],
    error: undefined as string | undefined,
  }));
  try {
    for (let round = -1; round < rounds; round++) {
      for (const lane of rotated(lanes, round)) {
        if (lane.error !== undefined) continue;
        try {
          lane.pair ??= await startPair(lane.name, builds);
          const sample = await measure(lane.pair, cell, seconds);
          if (round >= 0) lane.samples.push(sample);
        } catch (error) {
          lane.error = String(error).slice(0, 500);
          await lane.pair?.stop();
          process.stderr.write(`${nameOf(cell)}: ${lane.name}: ${lane.error}\n`);
        }
      }
    }
    return await Promise.all(
      lanes.map(async ({ name, pair, samples, error }) => {
        const result = { cell, contender: name, samples };
        if (pair === undefined || error !== undefined) return { ...result, error: error ?? 'not run' };
        const { server, client } = await pair.usage();
        return { ...result, maxResident: { server: server.maxResident, client: client.maxResident } };
      }),
    );
  } finally {
    await Promise.all(lanes.map(({ pair }) => pair?.stop()));
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
  const first = Math.max(round, 0) % lanes.length;
  return [...lanes.slice(first), ...lanes.slice(0, first)];
}
