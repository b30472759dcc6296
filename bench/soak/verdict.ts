/** What a process holds when nothing runs. */
export interface Sample {
  readonly heapMiB: number;
  readonly residentMiB: number;
  readonly handles: number;
}

/** Samples before this many are of a process that still warms up. */
const WARM_UP = 6;

/** What V8's own caches may still grow by, from the first third of the samples to the last. */
const MAX_GROWTH_MIB = 1.5;

/** What is wrong with the samples of a run; too short a run proves nothing of them. */
export function verdict(samples: readonly Sample[]): readonly string[] {
  const warm = samples.slice(WARM_UP);
  if (warm.length < 6) return [];
  const third = Math.floor(warm.length / 3);
  const failures: string[] = [];
  const [before, after] = [warm.slice(0, third), warm.slice(-third)].map(part => median(part.map(one => one.heapMiB)));
  if (after! - before! > MAX_GROWTH_MIB) {
    failures.push(`the heap grew from ${before!.toFixed(1)} to ${after!.toFixed(1)} MiB`);
  }
  const fewest = Math.min(...warm.map(one => one.handles));
  const last = warm.at(-1)!.handles;
  if (last > fewest + 2) failures.push(`handles grew from ${fewest} to ${last}`);
  return failures;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
}
