import { colorOf, element, label, legend, line, scale, short, svg } from './svg.ts';

export interface Dot {
  readonly name: string;
  readonly value: number;
  readonly min: number;
  readonly max: number;
}

export interface DotRow {
  readonly name: string;
  readonly dots: readonly Dot[];
}

const WIDTH = 800;
const LEFT = 160;
const TOP = 64;
const ROW = 17;

/** A row of dots for each cell on a logarithmic axis, with a line at 1; the range is drawn for what is emphasized. */
export function dotPlot(title: string, rows: readonly DotRow[], emphasized: string): string {
  const names = [...new Set(rows.flatMap(({ dots }) => dots.map(({ name }) => name)))];
  const bottom = TOP + rows.length * ROW;
  const all = rows.flatMap(({ dots }) => dots);
  const values = [1, ...all.flatMap(({ name, value, min, max }) => (name === emphasized ? [min, max] : [value]))];
  const x = scale(values, LEFT + 10, WIDTH - 20, true);
  const ticks = x.ticks.flatMap(tick => [
    line(x(tick), TOP, x(tick), bottom, { class: tick === 1 ? 'axis' : 'grid' }),
    label(x(tick), TOP - 6, short(tick), { 'text-anchor': 'middle' }),
  ]);
  const lines = rows.flatMap(({ name, dots }, i) => {
    const y = TOP + (i + 0.5) * ROW;
    const drawn = dots.toSorted((a, b) => Number(a.name === emphasized) - Number(b.name === emphasized));
    return [
      label(LEFT, y + 4, name, { 'text-anchor': 'end' }),
      line(LEFT + 10, y, WIDTH - 20, y, { class: 'grid', 'stroke-dasharray': '1 3' }),
      ...drawn.flatMap(dot => {
        const color = colorOf(dot.name, names.indexOf(dot.name));
        const isStrong = dot.name === emphasized;
        const range = line(x(dot.min), y, x(dot.max), y, { stroke: color, 'stroke-width': 2, opacity: 0.5 });
        const circle = element('circle', { cx: x(dot.value), cy: y, r: isStrong ? 5 : 3.5, fill: color });
        return isStrong ? [range, circle] : [circle];
      }),
    ];
  });
  const head = [label(10, 18, title, { class: 'title' }), ...legend(10, 38, names)];
  return svg(WIDTH, bottom + 12, title, [...head, ...ticks, ...lines]);
}
