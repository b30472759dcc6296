import { markdownTable } from '../contenders/markdown-table.ts';
import { type Cell, nameOf, shapes, sizeOf } from './cells.ts';
import { BASE } from './contender.ts';
import type { StartUp } from './start-up.ts';
import { type Spread, spread } from './statistics.ts';
import type { Result, Sample } from './trial.ts';

/** All that was measured, as tables in Markdown: the ratios of all cells first, then each shape with all its figures. */
export function tables(results: readonly Result[], startUps: readonly StartUp[]): string {
  const parts = [ratios(results), ...shapes.map(shape => details(results.filter(({ cell }) => cell.shape === shape)))];
  return [...parts, startUpTable(startUps)].filter(part => part !== '').join('\n\n');
}

/** Of the rates to the base's, each of the same round. Undefined where one of both has none. */
export function ratioOf(result: Result, results: readonly Result[]): Spread | undefined {
  const base = results.find(({ cell, contender }) => cell === result.cell && contender === BASE)?.samples ?? [];
  const both = result.samples.flatMap(({ rate }, round) => (base[round] ? [rate / base[round].rate] : []));
  return both.length === 0 ? undefined : spread(both);
}

function ratios(results: readonly Result[]): string {
  const names = [...new Set(results.map(({ contender }) => contender))];
  const cells = [...new Set(results.map(({ cell }) => cell))];
  if (cells.length === 0) return '';
  const rows = cells.map(cell => [
    nameOf(cell),
    ...names.map(name => {
      const result = results.find(one => one.cell === cell && one.contender === name);
      const ratio = result && ratioOf(result, results);
      if (ratio === undefined) return '-';
      return name === BASE ? `${count(spreadOf(result!, 'rate')!.median)} /s` : ratio.median.toFixed(2);
    }),
  ]);
  return `### Ratios to ${BASE}\n\n${markdownTable(['cell', ...names], rows, column => column > 0)}`;
}

const columns = [
  'messages',
  'at once',
  'contender',
  'per second',
  `to ${BASE}`,
  'client CPU',
  'server CPU',
  'client MB',
];

function details(results: readonly Result[]): string {
  const [first] = results;
  if (first === undefined) return '';
  const hasTimes = first.cell.shape === 'pingPong';
  const head = [...columns, 'server MB', ...(hasTimes ? ['p50 ms', 'p99 ms'] : [])];
  const rows = results.map(result => [
    ...where(result.cell),
    result.contender,
    ...(result.samples.length === 0
      ? [result.error ?? '-']
      : [
          inWords(spreadOf(result, 'rate'), count),
          inWords(ratioOf(result, results), ratio => ratio.toFixed(2)),
          ...(['clientCpu', 'serverCpu'] as const).map(cpu => inWords(spreadOf(result, cpu), s => s.toFixed(2))),
          ...(['client', 'server'] as const).map(role => megabytes(result.maxResident?.[role])),
          ...(hasTimes ? (['p50', 'p99'] as const).map(p => inWords(spreadOf(result, p), ms => ms.toFixed(3))) : []),
        ]),
  ]);
  return `### ${first.cell.shape}\n\n${markdownTable(head, rows, column => column > 2)}`;
}

function startUpTable(startUps: readonly StartUp[]): string {
  if (startUps.length === 0) return '';
  const rows = startUps.map(({ contender, firstMs, error }) => [
    contender,
    firstMs.length === 0 ? (error ?? '-') : inWords(spread(firstMs), count),
  ]);
  return `### Start-up\n\n${markdownTable(['contender', 'ms to the first response'], rows, column => column > 0)}`;
}

const where = ({ bytes, at }: Cell): string[] => [sizeOf(bytes), String(at)];

function spreadOf({ samples }: Result, of: keyof Sample): Spread | undefined {
  const values = samples.flatMap(sample => sample[of] ?? []);
  return values.length === 0 ? undefined : spread(values);
}

function inWords(of: Spread | undefined, text: (value: number) => string): string {
  return of === undefined ? '-' : `${text(of.median)} (${text(of.min)} to ${text(of.max)})`;
}

const count = (value: number): string => Math.round(value).toLocaleString('en-US');
const megabytes = (bytes: number | undefined): string =>
  bytes === undefined ? '-' : String(Math.round(bytes / 2 ** 20));
