import { readFileSync, writeFileSync } from 'node:fs';
import { machine, versions } from '../contenders/machine.ts';
import { BASE, contenders, GRPC_GO } from './contender.ts';
import type { Options } from './options.ts';
import { plots } from './plots.ts';
import { grpcGoVersion } from './programs.ts';
import { type Run, tables } from './tables.ts';

const README = new URL('../README.md', import.meta.url);

/** Where and with what a run is made. */
export function about({ rounds, seconds, variants }: Options) {
  const names = variants.map(({ name }) => name);
  const packages = [...names.flatMap(name => contenders[name]?.packages ?? []), 'rxjs'];
  const go = names.includes(GRPC_GO) ? [`${GRPC_GO} ${grpcGoVersion()}`] : [];
  return { machine: machine(), versions: [...versions(packages), ...go], rounds, seconds };
}

/** A run for a reader, in Markdown. */
export const report = (run: Run): string => `Machine: ${run.machine}.
Versions: ${run.versions.join(', ')}.
${run.rounds} rounds of ${run.seconds} s or more; medians, ratios to ${BASE} in the same round.

${tables(run)}`;

/** Puts a run where bench/README.md keeps the last full one, and its plots into bench/plots. */
export function keep(run: Run): void {
  const images = plots(run).map(({ file, title, svg }) => {
    writeFileSync(new URL(`../plots/${file}`, import.meta.url), svg);
    return `![${title}](plots/${file})`;
  });
  putInto(README, 'npm run bench', [...images, report(run)].join('\n\n'));
}

/** Replaces what a script wrote into a page before. */
export function putInto(page: URL, script: string, text: string): void {
  const old = readFileSync(page, 'utf8');
  const [begin, end] = [`<!-- Written by ${script}. -->`, `<!-- The end of ${script}. -->`];
  const from = old.indexOf(begin) + begin.length;
  const to = old.indexOf(end);
  if (to < from) throw new Error(`${page.pathname} has no place for the results: ${begin} ... ${end}`);
  writeFileSync(page, `${old.slice(0, from)}\n\n${text}\n\n${old.slice(to)}`);
}
