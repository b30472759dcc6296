import { markdownTable } from '../contenders/markdown-table.ts';
import { linePlot, type Panel } from '../plots/line-plot.ts';
import { spread } from '../throughput/statistics.ts';
import type { Experiment, Point } from './experiments.ts';

type Points = Readonly<Record<string, readonly Point[]>>;

/** Points of one line of a plot, and of one contender in a table. */
const MOST_DRAWN = 50;
const MOST_ROWS = 6;

const cpuUs = ({ clientCpuUs, serverCpuUs }: Point): number => clientCpuUs + serverCpuUs;

/** CPU, throughput and heap, beside each other. */
export function plotOf({ title, x, isLogX, unit }: Experiment, points: Points): string {
  const panel = (name: string, of: (point: Point) => number): Panel => ({
    title: name,
    series: Object.entries(points).map(([contender, own]) => ({
      name: contender,
      points: grouped(own, MOST_DRAWN).map(point => [point.x, of(point)] as const),
    })),
  });
  const panels = [
    panel(`CPU of a ${unit}, µs, both sides`, cpuUs),
    panel(`${unit}s a second`, ({ rate }) => rate),
    panel('heap of both processes, MB', ({ clientHeap, serverHeap }) => (clientHeap + serverHeap) / 2 ** 20),
  ];
  return linePlot({ title, x, isLogX, panels });
}

/** The same in numbers. */
export function tableOf({ x, unit }: Experiment, points: Points): string {
  const rows = Object.entries(points).flatMap(([contender, own]) => {
    return grouped(own, MOST_ROWS).map(point => [
      contender,
      count(point.x),
      `${point.clientCpuUs.toFixed(2)} + ${point.serverCpuUs.toFixed(2)}`,
      count(point.rate),
      `${megabytes(point.clientHeap)} + ${megabytes(point.serverHeap)}`,
    ]);
  });
  const head = [
    'contender',
    x,
    `CPU of a ${unit}, µs, client + server`,
    `${unit}s a second`,
    'heap MB, client + server',
  ];
  return markdownTable(head, rows, column => column > 0);
}

/** Of so many points at the most: medians of neighbours, where there are more. */
function grouped(points: readonly Point[], most: number): readonly Point[] {
  if (points.length <= most) return points;
  return Array.from({ length: most }, (_, i) => {
    const group = points.slice((i * points.length) / most, ((i + 1) * points.length) / most);
    const median = (key: keyof Point) => spread(group.map(point => point[key])).median;
    return {
      x: median('x'),
      clientCpuUs: median('clientCpuUs'),
      serverCpuUs: median('serverCpuUs'),
      rate: median('rate'),
      clientHeap: median('clientHeap'),
      serverHeap: median('serverHeap'),
    };
  });
}

const count = (value: number): string => Math.round(value).toLocaleString('en-US');
const megabytes = (bytes: number): string => (bytes / 2 ** 20).toFixed(1);
