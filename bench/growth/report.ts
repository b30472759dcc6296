import { markdownTable } from '../contenders/markdown-table.ts';
import { linePlot, type Panel } from '../plots/line-plot.ts';
import type { Experiment, Point } from './experiments.ts';

type Points = Readonly<Record<string, readonly Point[]>>;

/** Rows of a table of many points. */
const MOST_ROWS = 6;

const cpuUs = ({ clientCpuUs, serverCpuUs }: Point): number => clientCpuUs + serverCpuUs;

/** CPU, throughput and heap, beside each other. */
export function plotOf({ title, x, isLogX, unit }: Experiment, points: Points): string {
  const panel = (name: string, of: (point: Point) => number): Panel => ({
    title: name,
    series: Object.entries(points).map(([contender, own]) => ({
      name: contender,
      points: own.map(point => [point.x, of(point)] as const),
    })),
  });
  const panels = [
    panel(`CPU of a ${unit}, µs, both sides`, cpuUs),
    panel(`${unit}s a second`, ({ rate }) => rate),
    panel('heap of both processes, MB', ({ clientHeap, serverHeap }) => (clientHeap + serverHeap) / 2 ** 20),
  ];
  return linePlot({ title, x, isLogX, panels });
}

/** The same in numbers, of a long stream a few evenly spread points. */
export function tableOf({ x, unit }: Experiment, points: Points): string {
  const rows = Object.entries(points).flatMap(([contender, own]) => {
    const shown = own.length <= MOST_ROWS ? own : spread(own);
    return shown.map(point => [
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

function spread(points: readonly Point[]): Point[] {
  const step = (points.length - 1) / (MOST_ROWS - 1);
  return Array.from({ length: MOST_ROWS }, (_, i) => points[Math.round(i * step)]!);
}

const count = (value: number): string => Math.round(value).toLocaleString('en-US');
const megabytes = (bytes: number): string => (bytes / 2 ** 20).toFixed(1);
