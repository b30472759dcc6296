import { nameOf } from './cells.ts';
import { BASE } from './contender.ts';
import { type Spread, spread } from './statistics.ts';
import type { Result, Sample } from './trial.ts';

/** A figure of one sample; undefined where there is none. */
export type Figure = (sample: Sample) => number | undefined;

export const rate: Figure = sample => sample.rate;
/** Of both sides. */
export const cpuUs: Figure = ({ clientCpuUs, serverCpuUs }) => clientCpuUs + serverCpuUs;

/** Over all rounds. Undefined where no round has the figure. */
export function over(result: Result | undefined, figure: Figure): Spread | undefined {
  const values = result?.samples.flatMap(sample => figure(sample) ?? []) ?? [];
  return values.length === 0 ? undefined : spread(values);
}

/** To the base's in the same cell and setting, round by round. Undefined where one of both has none. */
export function ratioToBase(
  result: Result | undefined,
  figure: Figure,
  results: readonly Result[],
): Spread | undefined {
  if (result === undefined) return undefined;
  const base = find(results, nameOf(result.cell), BASE, result.setting);
  const ratios = result.samples.flatMap((sample, round) => {
    const [own, of] = [figure(sample), base?.samples[round] && figure(base.samples[round])];
    return own === undefined || of === undefined ? [] : [own / of];
  });
  return ratios.length === 0 ? undefined : spread(ratios);
}

/** Of a cell by its name. */
export function find(results: readonly Result[], cell: string, name: string, setting?: string): Result | undefined {
  return results.find(one => nameOf(one.cell) === cell && one.name === name && one.setting === setting);
}

/** The distinct ones, in the order of the first of each. */
export const distinct = <T>(values: Iterable<T>): T[] => [...new Set(values)];
