import type { Tally } from './ledger.ts';
import { count } from './progress.ts';

/** What an upload came to, in a few lines. One that never started took no time worth telling, and no memory. */
export function summary(tally: Tally, seconds: number, memory: string): string {
  const settled = tally.created + tally.existed + tally.rejected;
  const isStarted = tally.sent + tally.rejected > 0;
  const lines = [
    `sent      ${count(tally.sent)}`,
    `created   ${count(tally.created)}`,
    `existed   ${count(tally.existed)}`,
    `rejected  ${count(tally.rejected)}`,
    ...[...tally.byReason].map(([reason, users]) => `  ${count(users)}  ${reason}`),
    ...(isStarted
      ? [
          `time      ${seconds.toFixed(1)} s, ${count(settled / Math.max(seconds, 0.001))} users/s`,
          `memory    ${memory}`,
        ]
      : []),
  ];
  return lines.join('\n');
}
