import { type DotRow, dotPlot } from '../plots/dot-plot.ts';
import { nameOf } from './cells.ts';
import { BASE } from './contender.ts';
import { cpuUs, distinct, type Figure, rate, ratioToBase } from './figures.ts';
import type { Run } from './tables.ts';

interface Plot {
  readonly file: string;
  readonly title: string;
  readonly svg: string;
}

/** CPU and throughput of all contenders in all cells. */
export function plots({ results }: Run): Plot[] {
  const usual = results.filter(({ setting }) => setting === undefined);
  const rows = (figure: Figure): DotRow[] =>
    distinct(usual.map(({ cell }) => nameOf(cell))).map(name => ({
      name,
      dots: usual.flatMap(result => {
        const ratio = nameOf(result.cell) === name ? ratioToBase(result, figure, usual) : undefined;
        return ratio === undefined ? [] : [{ name: result.name, value: ratio.median, min: ratio.min, max: ratio.max }];
      }),
    }));
  const plot = (file: string, title: string, figure: Figure): Plot => ({
    file,
    title,
    svg: dotPlot(title, rows(figure), 'rx-grpc'),
  });
  return [
    plot('cpu.svg', `CPU of a message, both sides, relative to ${BASE}: less is better`, cpuUs),
    plot('throughput.svg', `Throughput relative to ${BASE}: more is better`, rate),
  ];
}
