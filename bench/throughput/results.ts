import { readFileSync, writeFileSync } from 'node:fs';
import { machine, versions } from '../contenders/machine.ts';
import { contenders } from './contender.ts';
import type { Options } from './options.ts';
import type { StartUp } from './start-up.ts';
import { tables } from './tables.ts';
import type { Result } from './trial.ts';

const README = new URL('../README.md', import.meta.url);
const BEGIN = '<!-- The last full run: written by npm run bench. -->';
const END = '<!-- The end of it. -->';

/** What one run found, for a reader and as data. */
export function report(results: readonly Result[], startUps: readonly StartUp[], options: Options) {
  const { rounds, seconds, contenders: names } = options;
  const packages = [...names.flatMap(name => contenders[name]?.packages ?? []), 'rxjs'];
  const about = { machine: machine(), versions: versions(packages), rounds, seconds };
  const text = `Machine: ${about.machine}.
Versions: ${about.versions.join(', ')}.
${rounds} rounds of ${seconds} s or more; medians (minimum to maximum), ratios to the same round.

${tables(results, startUps)}`;
  return { text, json: { ...about, results, startUps } };
}

/** Puts a full run where the page keeps the last one. */
export function keep(text: string): void {
  const page = readFileSync(README, 'utf8');
  const from = page.indexOf(BEGIN) + BEGIN.length;
  const to = page.indexOf(END);
  if (to < from) throw new Error(`bench/README.md has no place for the results: ${BEGIN} ... ${END}`);
  writeFileSync(README, `${page.slice(0, from)}\n\n${text}\n\n${page.slice(to)}`);
}
