/** One colour for each name, legible on a light and on a dark page. */
const colors: Readonly<Record<string, string>> = {
  'rx-grpc': '#e0245e',
  'grpc-js': '#808b96',
  'nice-grpc': '#3b8fe4',
  'connect-node': '#20a565',
  nestjs: '#e58a00',
  'http2+protobuf': '#8a63d2',
  http2: '#b08af0',
  'grpc-go': '#00a3b4',
};
const others = ['#c2185b', '#3b8fe4', '#20a565', '#e58a00', '#8a63d2'];

export const colorOf = (name: string, index: number): string => colors[name] ?? others[index % others.length]!;

const STYLE = `
  text { font: 11px system-ui, sans-serif; fill: #24292f }
  .title { font-weight: 600; font-size: 12px }
  .page { fill: #fff }
  .grid { stroke: #d8dee4 }
  .axis { stroke: #808b96 }
  @media (prefers-color-scheme: dark) { text { fill: #e6edf3 } .page { fill: #0d1117 } .grid { stroke: #30363d } }`;

/** A picture that follows the reader's choice of light or dark. */
export function svg(width: number, height: number, title: string, parts: readonly string[]): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">
<title>${escaped(title)}</title><style>${STYLE}</style><rect class="page" width="100%" height="100%"/>
${parts.join('\n')}
</svg>
`;
}

export type Attributes = Readonly<Record<string, string | number>>;

/** An element; numbers have one decimal. */
export function element(name: string, attributes: Attributes, text?: string): string {
  const words = Object.entries(attributes).map(
    ([key, value]) => ` ${key}="${typeof value === 'number' ? Number(value.toFixed(1)) : value}"`,
  );
  return `<${name}${words.join('')}${text === undefined ? '/>' : `>${escaped(text)}</${name}>`}`;
}

export const label = (x: number, y: number, text: string, more: Attributes = {}): string =>
  element('text', { x, y, ...more }, text);

export const line = (x1: number, y1: number, x2: number, y2: number, more: Attributes = {}): string =>
  element('line', { x1, y1, x2, y2, ...more });

/** A dot and a name for each series, in one row. */
export function legend(x: number, y: number, names: readonly string[]): string[] {
  let at = x;
  return names.flatMap((name, i) => {
    const parts = [element('circle', { cx: at + 4, cy: y - 4, r: 4, fill: colorOf(name, i) }), label(at + 12, y, name)];
    at += 24 + 6.2 * name.length;
    return parts;
  });
}

export interface Scale {
  (value: number): number;
  readonly ticks: readonly number[];
}

/** Maps values to places. A logarithmic scale ends at the values, a linear one begins at 0 and ends at a tick. */
export function scale(values: readonly number[], from: number, to: number, isLog: boolean): Scale {
  const ticks = isLog ? logTicks(Math.min(...values), Math.max(...values)) : linearTicks(Math.max(...values));
  const ends = [...ticks, ...(isLog ? values : [])];
  const place = isLog ? Math.log10 : (value: number) => value;
  const [low, high] = [place(Math.min(...ends)), place(Math.max(...ends))];
  return Object.assign((value: number) => from + ((place(value) - low) / (high - low || 1)) * (to - from), { ticks });
}

function linearTicks(max: number): number[] {
  const rough = max / 4 || 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map(factor => factor * power).find(step => step >= rough)!;
  return Array.from({ length: Math.ceil(max / step) + 1 }, (_, i) => i * step);
}

function logTicks(min: number, max: number): number[] {
  const [first, last] = [Math.floor(Math.log10(min)), Math.ceil(Math.log10(max))];
  const steps = last - first <= 3 ? [1, 2, 5] : [1];
  return Array.from({ length: last - first + 1 }, (_, i) => 10 ** (first + i))
    .flatMap(decade => steps.map(step => step * decade))
    .filter(tick => tick >= min * 0.99 && tick <= max * 1.01);
}

/** 1000000 as 1M, 0.5 as 0.5. */
export function short(value: number): string {
  const [of, unit] = value >= 1e6 ? [1e6, 'M'] : value >= 1e4 ? [1e3, 'k'] : [1, ''];
  return `${Number((value / of).toPrecision(3))}${unit}`;
}

const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
