import { parseArgs } from 'node:util';
import { type Cell, cells, isMain, nameOf } from './cells.ts';
import { BASE, contenders, type Variant } from './contender.ts';
import type { TrialOptions } from './trial.ts';

export interface Options extends TrialOptions {
  readonly cells: readonly Cell[];
  /** What runs in every cell. */
  readonly variants: readonly Variant[];
  /** What runs in the main cells besides: cold, or with other releases of Node. */
  readonly settings: readonly Variant[];
  readonly hasStartUp: boolean;
  /** Nothing was left out, so the figures may stand for the whole. */
  readonly isFull: boolean;
  readonly json: string | undefined;
  /** The data of a run before this one, which is shown instead of a new run. */
  readonly from: string | undefined;
}

export const usage = `usage: npm run bench -- [options]
  --cells <pattern,...>        those with such a name, where * is any text; startUp is one (default: all)
  --main                       the main cells only
  --contenders <name,...>      of ${Object.keys(contenders).join(', ')} (default: all)
  --builds <name=folder,...>   other builds of rx-grpc, each as one more contender
  --cold                       the main cells also in processes that have just started
  --node <release[=path],...>  the main cells also with these releases of Node: 22, or 22=/path/of/node
  --rounds <n>                 default 6, with a new pair of processes after three
  --seconds <s>                of one contender in one round, at the least (default 0.5)
  --json <file>                the data of the run (default bench/throughput/dist/results.json)
  --from <file>                shows such data and runs nothing
  --list                       the names of the cells
A run that leaves nothing out writes its tables and plots into bench/README.md and bench/plots, and so does --from with its data.
cells: unary-32B-64, serverStream-1KiB-1, bidi-64KiB-16, pingPong-32B ...`;

/** @throws TypeError when an option is not one of these, or what it names is not there. */
export function readOptions(args: readonly string[], nodeOf: (release: string) => string): Options {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean' } as const;
  const { values } = parseArgs({
    args: [...args],
    options: {
      ...{ cells: text, main: flag, contenders: text, builds: text, cold: flag, node: text },
      ...{ rounds: text, seconds: text, json: text, from: text },
    },
  });
  const patterns = list(values.cells);
  const isChosen = (name: string) => patterns.length === 0 || patterns.some(pattern => fits(name, pattern));
  const named = values.contenders === undefined ? Object.keys(contenders) : list(values.contenders);
  const unknown = named.find(name => !(name in contenders));
  if (unknown !== undefined) throw new TypeError(`no contender is named ${unknown}`);
  const chosen = cells.filter(cell => isChosen(nameOf(cell)) && (!values.main || isMain(cell)));
  const hasStartUp = isChosen('startUp');
  if (chosen.length === 0 && !hasStartUp) throw new TypeError(`no cell is named like ${values.cells}`);
  const builds = list(values.builds).map(build => build.split('=') as [string, string]);
  const ours: Variant[] = builds.map(([name, build]) => ({ name, build }));
  // The others are there for orientation only.
  const compared = [...named.filter(name => name === BASE || name === 'rx-grpc').map(name => ({ name })), ...ours];
  const releases = list(values.node).map(entry => entry.split('=') as [string, string?]);
  return {
    cells: chosen,
    variants: [...named.map(name => ({ name })), ...ours],
    settings: [
      ...(values.cold ? compared.map(variant => ({ ...variant, setting: 'cold', isCold: true })) : []),
      ...releases.flatMap(([release, path]) => {
        const node = path ?? nodeOf(release);
        return compared.map(variant => ({ ...variant, setting: `Node ${release}`, node }));
      }),
    ],
    rounds: positive('rounds', values.rounds ?? '6'),
    seconds: positive('seconds', values.seconds ?? '0.5'),
    hasStartUp,
    isFull: !['cells', 'main', 'contenders', 'rounds', 'seconds'].some(name => name in values),
    json: values.json,
    from: values.from,
  };
}

const list = (text: string | undefined): string[] => text?.split(',').filter(one => one !== '') ?? [];

function fits(name: string, pattern: string): boolean {
  return new RegExp(`^${pattern.replaceAll(/[^\w*]/g, '\\$&').replaceAll('*', '.*')}$`, 'i').test(name);
}

function positive(name: string, text: string): number {
  if (Number(text) > 0) return Number(text);
  throw new TypeError(`expected --${name} to be a number above 0, got ${text}`);
}
