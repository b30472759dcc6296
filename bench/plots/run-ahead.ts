import { readFileSync, writeFileSync } from 'node:fs';
import { documentedRunAhead } from '../../spec/support/documented-run-ahead.ts';
import { colorOf, element, label, line, scale, short, svg } from './svg.ts';

// Draws docs/run-ahead.svg, the picture in README, from the tables of bench/memory/RESULTS.md and docs/backpressure.md.
// `npm run plot` writes it; with --check it only compares.

const image = new URL('../../docs/run-ahead.svg', import.meta.url);
const results = readFileSync(new URL('../memory/RESULTS.md', import.meta.url), 'utf8');

/** Names in the picture by name in the table, from which they also get their colours. */
const contenders: Readonly<Record<string, string>> = {
  'rx-grpc': 'rx-grpc',
  'grpc-js, drain honoured': 'grpc-js',
  'nice-grpc': 'nice-grpc',
  'connect-node': 'connect-node',
  'NestJS 12': 'nestjs',
};

const panels = [
  { cell: 'download', bound: 'serverStream', hops: 1 },
  { cell: 'upload', bound: 'others', hops: 1 },
  { cell: 'upload, gateway', bound: 'others', hops: 2 },
] as const;

const TITLE = 'Messages of 1 KiB that a producer is ahead of a slow reader, when 60,000 are offered';
const WIDTH = 800;
const LEFT = 170;
const TOP = 62;
const ROW = 26;
const PANEL = (WIDTH - LEFT) / panels.length;
const BOTTOM = TOP + ROW * Object.keys(contenders).length;

function aheadOf(cell: string, contender: string): number {
  const row = results
    .split('\n')
    .map(line => line.split('|').map(part => part.trim()))
    .find(([, first, second]) => first === cell && second === contender);
  const ahead = Number(row?.[3]?.replaceAll(',', ''));
  if (!(ahead > 0)) throw new Error(`bench/memory/RESULTS.md has no row "${cell}" of ${contender}`);
  return ahead;
}

/** The Node on which the table was measured. */
const major = Number(/Node v(\d+)/.exec(results)?.[1]);

function panel({ cell, bound, hops }: (typeof panels)[number], index: number): string[] {
  const left = LEFT + index * PANEL;
  const x = scale([10, 60_000], left + 8, left + PANEL - 24, true);
  const limit = documentedRunAhead(bound, major).of1KiB * hops;
  const ticks = x.ticks.flatMap(tick => [
    line(x(tick), TOP, x(tick), BOTTOM, { class: 'grid' }),
    label(x(tick), BOTTOM + 15, short(tick), { 'text-anchor': 'middle' }),
  ]);
  const rows = Object.entries(contenders).flatMap(([name, colorName], row) => {
    const ahead = aheadOf(cell, name);
    const [y, color] = [TOP + (row + 0.5) * ROW, colorOf(colorName, row)];
    const text = `${ahead.toLocaleString('en')}${name === 'rx-grpc' ? ` (at most ${limit})` : ''}`;
    const isRight = ahead > 10_000;
    const anchor = { 'text-anchor': isRight ? 'end' : 'start', ...(name === 'rx-grpc' && { class: 'title' }) };
    return [
      line(x(10), y, x(ahead), y, { stroke: color, 'stroke-width': 3 }),
      element('circle', { cx: x(ahead), cy: y, r: 5, fill: color }),
      label(x(ahead) + (isRight ? -2 : 9), isRight ? y - 5 : y + 4, text, anchor),
    ];
  });
  return [label(left + 8, TOP - 10, cell.replace(', ', ' through a '), { class: 'title' }), ...ticks, ...rows];
}

const names = Object.keys(contenders).map((name, row) =>
  label(LEFT - 6, TOP + (row + 0.5) * ROW + 4, name, {
    'text-anchor': 'end',
    ...(name === 'rx-grpc' && { class: 'title' }),
  }),
);
const head = [label(10, 20, TITLE, { class: 'title' })];
const drawn = svg(WIDTH, BOTTOM + 26, TITLE, [...head, ...names, ...panels.flatMap(panel)]);

if (!process.argv.includes('--check')) writeFileSync(image, drawn);
else if (readFileSync(image, 'utf8') !== drawn) {
  process.stderr.write('docs/run-ahead.svg: its figures have changed: run npm run plot, and commit the picture\n');
  process.exitCode = 1;
}
