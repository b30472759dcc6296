import { colorOf, element, label, legend, line, scale, short, svg } from './svg.ts';

export interface Series {
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number])[];
}

export interface Panel {
  readonly title: string;
  readonly series: readonly Series[];
  readonly isLogY?: boolean;
}

export interface LinePlot {
  readonly title: string;
  /** What is on the x axis of all panels. */
  readonly x: string;
  readonly isLogX: boolean;
  readonly panels: readonly Panel[];
}

const WIDTH = 800;
const HEIGHT = 230;
const TOP = 66;
const BOTTOM = HEIGHT - 36;
const LEFT = 46;

/** Panels side by side, lines in each. */
export function linePlot({ title, x, isLogX, panels }: LinePlot): string {
  const names = [...new Set(panels.flatMap(({ series }) => series.map(({ name }) => name)))];
  const width = WIDTH / panels.length;
  const parts = panels.flatMap((panel, i) => drawn(panel, i * width, width, names, isLogX, x));
  return svg(WIDTH, HEIGHT, title, [label(10, 18, title, { class: 'title' }), ...legend(10, 38, names), ...parts]);
}

function drawn(
  { title, series, isLogY = false }: Panel,
  left: number,
  width: number,
  names: readonly string[],
  isLogX: boolean,
  xTitle: string,
): string[] {
  const points = series.flatMap(({ points }) => points);
  const [start, end] = [left + LEFT, left + width - 18];
  const x = scale(
    points.map(([x]) => x),
    start,
    end,
    isLogX,
  );
  const y = scale(
    points.map(([, y]) => y),
    BOTTOM,
    TOP,
    isLogY,
  );
  return [
    label(left + 10, TOP - 10, title),
    label((start + end) / 2, HEIGHT - 6, xTitle, { 'text-anchor': 'middle' }),
    ...y.ticks.flatMap(tick => [
      line(start, y(tick), end, y(tick), { class: 'grid' }),
      label(start - 5, y(tick) + 4, short(tick), { 'text-anchor': 'end' }),
    ]),
    ...x.ticks.map(tick => label(x(tick), BOTTOM + 15, short(tick), { 'text-anchor': 'middle' })),
    line(start, BOTTOM, end, BOTTOM, { class: 'axis' }),
    ...series.flatMap(({ name, points }) => {
      const stroke = colorOf(name, names.indexOf(name));
      const path = points.map(([px, py]) => `${x(px).toFixed(1)},${y(py).toFixed(1)}`).join(' ');
      const dots = points.length > 20 ? [] : points;
      return [
        element('polyline', { points: path, fill: 'none', stroke, 'stroke-width': 1.8 }),
        ...dots.map(([px, py]) => element('circle', { cx: x(px), cy: y(py), r: 3, fill: stroke })),
      ];
    }),
  ];
}
