import type { Tally } from './ledger.ts';
import { count } from './progress.ts';

/** What an upload came to, in a few lines. */
export function summary(tally: Tally, seconds: number): string {
  const settled = tally.created + tally.existed + tally.rejected;
  const lines = [
    `sent      ${count(tally.sent)}`,
    `created   ${count(tally.created)}`,
    `existed   ${count(tally.existed)}`,
    `rejected  ${count(tally.rejected)}`,
    ...[...tally.byReason].map(([reason, users]) => `  ${count(users)}  ${reason}`),
    `time      ${seconds.toFixed(1)} s, ${count(settled / Math.max(seconds, 0.001))} users/s`,
  ];
  return lines.join('\n');
}
