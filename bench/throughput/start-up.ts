import { startPair, type TrialOptions } from './trial.ts';

/** Milliseconds from the start of a client's process to its first response, by round. */
export interface StartUp {
  readonly contender: string;
  readonly firstMs: readonly number[];
  readonly error?: string;
}

/** Starts the processes of each contender anew in each round; the server listens before the client starts. */
export async function startUps({ contenders, rounds, builds }: TrialOptions): Promise<StartUp[]> {
  const lanes = contenders.map(contender => ({ contender, firstMs: [] as number[] }));
  const errors = new Map<string, string>();
  for (let round = -1; round < rounds; round++) {
    for (const { contender, firstMs } of lanes) {
      try {
        const pair = await startPair(contender, builds);
        const ms = await pair.first().finally(() => pair.stop());
        if (round >= 0) firstMs.push(ms);
      } catch (error) {
        errors.set(contender, String(error).slice(0, 500));
      }
    }
  }
  return lanes.map(lane => ({ ...lane, ...(errors.has(lane.contender) && { error: errors.get(lane.contender)! }) }));
}
