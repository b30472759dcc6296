import { parseArgs } from 'node:util';
import { type Cell, cells, nameOf } from './cells.ts';
import { contenders } from './contender.ts';
import type { TrialOptions } from './trial.ts';

export interface Options extends TrialOptions {
  readonly cells: readonly Cell[];
  readonly hasStartUp: boolean;
  /** Nothing was left out, so the figures may stand for the whole. */
  readonly isFull: boolean;
  readonly json: string | undefined;
}

export const usage = `usage: npm run bench -- [options]
  --cells <pattern,...>        those with such a name, where * is any text; startUp is one (default: all)
  --contenders <name,...>      of ${Object.keys(contenders).join(', ')} (default: all)
  --rounds <n>                 default 6, with a new pair of processes after three
  --seconds <s>                of one contender in one round, at the least (default 0.7)
  --builds <name=folder,...>   other builds of rx-grpc, each as one more contender
  --json <file>                default bench/throughput/dist/results.json
  --list                       the names of the cells
cells: unary-32B-64, serverStream-1KiB-1, bidi-64KiB-16, pingPong-32B ...`;

/** @throws TypeError when an option is not one of these, or what it names is not there. */
export function readOptions(args: readonly string[]): Options {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    args: [...args],
    options: { cells: text, contenders: text, rounds: text, seconds: text, builds: text, json: text },
  });
  const patterns = list(values.cells);
  const isChosen = (name: string) => patterns.length === 0 || patterns.some(pattern => fits(name, pattern));
  const builds = Object.fromEntries(list(values.builds).map(build => build.split('=') as [string, string]));
  const named = values.contenders === undefined ? Object.keys(contenders) : list(values.contenders);
  const unknown = named.find(name => !(name in contenders));
  if (unknown !== undefined) throw new TypeError(`no contender is named ${unknown}`);
  const chosen = cells.filter(cell => isChosen(nameOf(cell)));
  const hasStartUp = isChosen('startUp');
  if (chosen.length === 0 && !hasStartUp) throw new TypeError(`no cell is named like ${values.cells}`);
  return {
    cells: chosen,
    contenders: [...named, ...Object.keys(builds)],
    builds,
    rounds: positive('rounds', values.rounds ?? '6'),
    seconds: positive('seconds', values.seconds ?? '0.7'),
    hasStartUp,
    isFull: Object.keys(values).length === 0,
    json: values.json,
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
