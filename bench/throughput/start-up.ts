import type { Variant } from './contender.ts';
import { Pair } from './pair.ts';

/** Milliseconds from the start of a client's process to its first response, by round. */
export interface StartUp {
  readonly name: string;
  readonly firstMs: readonly number[];
  readonly error?: string;
}

/** Starts the processes of each variant anew in each round; the server listens before the client starts. */
export async function startUps(variants: readonly Variant[], rounds: number): Promise<StartUp[]> {
  const lanes = variants.map(variant => ({ variant, firstMs: [] as number[] }));
  const errors = new Map<Variant, string>();
  for (let round = -1; round < rounds; round++) {
    for (const { variant, firstMs } of lanes) {
      try {
        const pair = await Pair.start(variant);
        const ms = await pair.first().finally(() => pair.stop());
        if (round >= 0) firstMs.push(ms);
      } catch (error) {
        errors.set(variant, String(error).slice(0, 500));
      }
    }
  }
  return lanes.map(({ variant, firstMs }) => {
    const error = errors.get(variant);
    return { name: variant.name, firstMs, ...(error !== undefined && { error }) };
  });
}
