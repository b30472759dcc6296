import { codeName } from 'rx-grpc';
import { type Call, judge } from './judge.ts';
import { SOURCE_FAILED } from './plan.ts';

export const head: readonly string[] = [
  'client → server',
  'calls',
  'ended',
  'unseen',
  'sent',
  'received',
  'falsely complete',
  'lost',
  'stuck',
  'wrong',
];

const MAX_EXAMPLES = 3;

/** One row of the table, whether it is as it must be, and examples of what is not. */
export function summarise(name: string, calls: readonly Call[]) {
  const verdicts = calls.map(judge);
  const count = (is: (verdict: (typeof verdicts)[number]) => boolean): number => verdicts.filter(is).length;
  const falselyComplete = count(({ isFalselyComplete }) => isFalselyComplete);
  const lost = verdicts.reduce((sum, verdict) => sum + verdict.lost, 0);
  const stuck = count(({ isStuck }) => isStuck);
  const wrong = count(verdict => verdict.wrong.length > 0);
  const unseen = calls.filter(({ hasBegun }) => !hasBegun).length;
  const row = [name, calls.length, endings(calls), unseen, ...flow(calls), falselyComplete, lost, stuck, wrong];
  const examples = calls
    .map((call, i) => ({ ...verdicts[i]!, ...call }))
    .filter(
      ({ isFalselyComplete, lost, isStuck, wrong }) => isFalselyComplete || lost !== 0 || isStuck || wrong.length > 0,
    )
    .slice(0, MAX_EXAMPLES)
    .map(example => JSON.stringify(example));
  return { row, isRight: examples.length === 0, examples };
}

/** How many calls ended how, on the client's side if it lived. */
function endings(calls: readonly Call[]): string {
  const counts = new Map<string, number>();
  for (const { client, server, killed } of calls) {
    const code = (killed === 'client' ? server : client)?.code;
    const name = code === undefined ? 'never' : code === SOURCE_FAILED ? 'cancelled' : codeName(code);
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  const sorted = [...counts].sort(([a], [b]) => a.localeCompare(b));
  return sorted.map(([name, n]) => `${name} ${n.toLocaleString('en')}`).join(', ');
}

/** Messages in the direction of the stream; what a killed process had sent or received nobody knows. */
function flow(calls: readonly Call[]): (number | string)[] {
  const isDownload = calls[0]?.plan.shape === 'download';
  const from = isDownload ? 'server' : 'client';
  const to = isDownload ? 'client' : 'server';
  const total = (side: 'client' | 'server', what: 'sent' | 'received'): number | string =>
    calls.some(({ killed }) => killed === side) ? '-' : calls.reduce((sum, call) => sum + (call[side]?.[what] ?? 0), 0);
  return [total(from, 'sent'), total(to, 'received')];
}
