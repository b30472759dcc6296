// System calls for 1,000 messages of each shape, by name, where strace is: npx tsx bench/guard/syscalls.ts [shape ...]
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { programOf } from './counted.ts';
import { type CountedShape, countedShapes } from './counts.ts';

const MESSAGES = 2000;
const CALLS = 4;
/** Below it a name is not shown. */
const FEW = 5;

if (spawnSync('strace', ['-V']).error) {
  console.error('strace is not installed: nothing was counted');
  process.exit(0);
}
const chosen = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), 'rx-grpc-syscalls-'));
try {
  for (const shape of countedShapes.filter(one => chosen.length === 0 || chosen.includes(one))) {
    console.log(`${shape}: ${inWords(perThousand(shape))}`);
  }
} finally {
  rmSync(folder, { recursive: true });
}

/** Two runs, one of which has more calls: what starting and ending the process takes is in both. */
function perThousand(shape: CountedShape): Map<string, number> {
  const few = traced(shape, 1);
  const many = traced(shape, 1 + CALLS);
  const thousands = (CALLS * MESSAGES) / 1000;
  return new Map([...many].map(([name, count]) => [name, (count - (few.get(name) ?? 0)) / thousands]));
}

/** How often each system call was made. */
function traced(shape: CountedShape, calls: number): Map<string, number> {
  const log = join(folder, `${shape}-${calls}`);
  const args = ['-f', '-c', '-o', log, process.execPath, ...programOf(shape, calls, MESSAGES)];
  const { status, stderr } = spawnSync('strace', args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${shape} ended with ${status}: ${stderr}`);
  // % time, seconds, usecs/call, calls, [errors], name
  const lines = readFileSync(log, 'utf8').matchAll(/^ *[\d.]+ +[\d.]+ +\d+ +(\d+) +(?:\d+ +)?(\w+)$/gm);
  return new Map([...lines].map(([, count, name]) => [name!, Number(count)]));
}

function inWords(counts: ReadonlyMap<string, number>): string {
  const byCount = [...counts].filter(([name, count]) => name !== 'total' && count >= FEW).sort(([, a], [, b]) => b - a);
  const total = byCount.reduce((sum, [, count]) => sum + count, 0);
  return [`${Math.round(total)} in all`, ...byCount.map(([name, count]) => `${name} ${Math.round(count)}`)].join(', ');
}
