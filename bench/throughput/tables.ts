import { markdownTable } from '../contenders/markdown-table.ts';
import { nameOf } from './cells.ts';
import { BASE } from './contender.ts';
import { cpuUs, distinct, type Figure, find, over, rate, ratioToBase } from './figures.ts';
import type { StartUp } from './start-up.ts';
import { spread } from './statistics.ts';
import type { Result } from './trial.ts';

/** What one run found. */
export interface Run {
  readonly machine: string;
  readonly versions: readonly string[];
  readonly rounds: number;
  readonly seconds: number;
  /** See Options. */
  readonly isFull: boolean;
  readonly results: readonly Result[];
  readonly startUps: readonly StartUp[];
}

/** All that was measured, as tables in Markdown. */
export function tables({ results, startUps }: Run): string {
  const usual = results.filter(({ setting }) => setting === undefined);
  const pingPong = usual.filter(({ cell }) => cell.shape === 'pingPong');
  const parts = [
    table('CPU of a message in microseconds, client + server', usual, result =>
      pair(result, [({ clientCpuUs }) => clientCpuUs, ({ serverCpuUs }) => serverCpuUs], ' + '),
    ),
    table(`Throughput, ratio to ${BASE}`, usual, result => {
      if (result.name === BASE) return `${count(over(result, rate)?.median)} /s`;
      return ratioToBase(result, rate, usual)?.median.toFixed(2) ?? '-';
    }),
    ...settingTables(results),
    table('Round trips in milliseconds, p50 / p99', pingPong, result =>
      pair(result, [({ p50 }) => p50, ({ p99 }) => p99], ' / '),
    ),
    table('Memory in MB, growth since the process was ready, client + server', usual, ({ growth }) =>
      growth === undefined ? '-' : `${megabytes(growth.client)} + ${megabytes(growth.server)}`,
    ),
    startUpTable(startUps),
  ];
  return parts.filter(part => part !== '').join('\n\n');
}

/** A row for each cell, a column for each contender. */
function table(title: string, results: readonly Result[], text: (result: Result) => string): string {
  if (results.length === 0) return '';
  const names = distinct(results.map(({ name }) => name));
  const rows = distinct(results.map(({ cell }) => nameOf(cell))).map(cell => [
    cell,
    ...names.map(name => {
      const result = find(results, cell, name);
      return result === undefined ? '-' : result.samples.length === 0 ? 'failed' : text(result);
    }),
  ]);
  return titled(title, ['cell', ...names], rows);
}

/** Of each but the base: the main cells as they are measured in all cells, cold, and with other releases of Node. */
function settingTables(results: readonly Result[]): string[] {
  const inSettings = results.filter(({ setting }) => setting !== undefined);
  const settings = [undefined, ...distinct(inSettings.map(({ setting }) => setting))];
  const cells = distinct(inSettings.map(({ cell }) => nameOf(cell)));
  return distinct(inSettings.map(({ name }) => name))
    .filter(name => name !== BASE)
    .map(name => {
      const rows = cells.map(cell => [
        cell,
        ...settings.map(setting => {
          const result = find(results, cell, name, setting);
          const [cost, cpu, speed] = [
            over(result, cpuUs),
            ratioToBase(result, cpuUs, results),
            ratioToBase(result, rate, results),
          ];
          if (cost === undefined) return '-';
          return `${figure(cost.median)} (${cpu?.median.toFixed(2) ?? '-'}, ${speed?.median.toFixed(2) ?? '-'})`;
        }),
      ]);
      const title = `${name}: CPU of a message in microseconds (ratio of it, of throughput, to ${BASE} in the same setting)`;
      return titled(title, ['cell', ...settings.map(setting => setting ?? 'as above')], rows);
    });
}

function startUpTable(startUps: Run['startUps']): string {
  if (startUps.length === 0) return '';
  const rows = startUps.map(({ name, firstMs, error }) => {
    if (firstMs.length === 0) return [name, error ?? '-'];
    const { median, min, max } = spread(firstMs);
    return [name, `${count(median)} (${count(min)} to ${count(max)})`];
  });
  return titled('Start-up', ['contender', 'ms to the first response'], rows);
}

const titled = (title: string, head: readonly string[], rows: readonly (readonly string[])[]): string =>
  `### ${title}\n\n${markdownTable(head, rows, column => column > 0)}`;

/** The medians of two figures. */
function pair(result: Result, figures: readonly Figure[], between: string): string {
  return figures
    .map(of => over(result, of)?.median)
    .map(figure)
    .join(between);
}

/** Three digits or so. */
function figure(value: number | undefined): string {
  if (value === undefined) return '-';
  if (value >= 100) return count(value);
  return value.toFixed(value >= 10 ? 1 : value >= 1 ? 2 : 3);
}

const count = (value: number | undefined): string => Math.round(value ?? 0).toLocaleString('en-US');
const megabytes = (bytes: number): string => String(Math.round(bytes / 2 ** 20));
