import { existsSync, readFileSync } from 'node:fs';
import { SourceMap, type SourceMapping } from 'node:module';
import { fileURLToPath } from 'node:url';
import { markdownTable } from '../contenders/markdown-table.ts';

interface Frame {
  readonly functionName: string;
  readonly url: string;
  readonly lineNumber: number;
  readonly columnNumber: number;
}

interface Profile {
  readonly nodes: readonly { readonly id: number; readonly callFrame: Frame }[];
  readonly samples: readonly number[];
  /** Microseconds from each sample to the one before. */
  readonly timeDeltas: readonly number[];
}

const FUNCTIONS = 25;

/** Of a CPU profile: the share of the time at work that each part had, and the functions with most of it, without what they call. */
export function summary(path: string): string {
  const { nodes, samples, timeDeltas }: Profile = JSON.parse(readFileSync(path, 'utf8'));
  const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]));
  const parts = new Map<string, number>();
  const functions = new Map<string, number>();
  let total = 0;
  let idle = 0;
  for (const [i, id] of samples.entries()) {
    const frame = frames.get(id)!;
    const { functionName, url } = frame;
    const time = timeDeltas[i + 1] ?? 0;
    if (functionName === '(idle)') {
      idle += time;
      continue;
    }
    total += time;
    const part = partOf(url, functionName);
    const name = url === '' ? functionName : `${functionName || '(anonymous)'} ${place(frame, part)}`;
    parts.set(part, (parts.get(part) ?? 0) + time);
    functions.set(name, (functions.get(name) ?? 0) + time);
  }
  const rows = (times: ReadonlyMap<string, number>, most: number) =>
    [...times]
      .sort(([, a], [, b]) => b - a)
      .slice(0, most)
      .map(([name, time]) => [name, `${((100 * time) / total).toFixed(1)} %`]);
  const table = (what: string, times: ReadonlyMap<string, number>) =>
    markdownTable([what, 'self time'], rows(times, FUNCTIONS), column => column === 1);
  const atWork = `at work ${(total / 1e6).toFixed(2)} s, idle ${(idle / 1e6).toFixed(2)} s`;
  return `${atWork}\n\n${table('part', parts)}\n\n${table('function', functions)}`;
}

function partOf(url: string, functionName: string): string {
  const [, name] = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(url) ?? [];
  if (name !== undefined) return name;
  if (url.startsWith('node:')) return 'node';
  if (url.includes('/throughput/dist/')) return 'the benchmark itself';
  return url === '' ? (functionName === '(program)' ? 'native code' : functionName || 'native code') : 'rx-grpc';
}

/** Of a function of ours in its source: it is built into one file with many others. */
function place({ url, lineNumber, columnNumber }: Frame, part: string): string {
  const origin: Partial<SourceMapping> = (part === 'rx-grpc' && mapOf(url)?.findEntry(lineNumber, columnNumber)) || {};
  if (origin.originalSource) return `${origin.originalSource.replace(/^(\.\.\/)+/, '')}:${origin.originalLine! + 1}`;
  return `${url.replace(/^.*\/node_modules\//, '').replace(/^.*\/(?=dist\/)/, '')}:${lineNumber + 1}`;
}

const maps = new Map<string, SourceMap | undefined>();

function mapOf(url: string): SourceMap | undefined {
  if (!maps.has(url)) {
    const file = url.startsWith('file:') ? `${fileURLToPath(url)}.map` : '';
    maps.set(url, existsSync(file) ? new SourceMap(JSON.parse(readFileSync(file, 'utf8'))) : undefined);
  }
  return maps.get(url);
}
