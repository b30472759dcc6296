import { machine, versions } from '../contenders/machine.ts';
import { contenders } from './contender.ts';
import { OFFERED } from './line.ts';
import { MAX_PER_HOP, misses } from './misses.ts';
import { type Row, table } from './table.ts';

/** The page that RESULTS.md is. */
export function results(rows: readonly Row[], reads: number, args: readonly string[]): string {
  const missed = misses(rows);
  const packages = [...Object.values(contenders).flatMap(({ packages }) => packages), 'rxjs'];
  return `# How far a producer runs ahead

\`npm run build && npx tsx ${['bench/memory/run.ts', ...args].join(' ')}\`

${OFFERED.toLocaleString('en-US')} messages of 1 KiB are offered to a reader that takes one per millisecond. The run ends when it has taken ${reads.toLocaleString('en-US')}.
Each role is a process of its own (plain Node, loopback).

- **ahead**: the largest number of messages that were produced and not yet consumed, from the timestamps of both sides.
- **per hop**: the same number from one process to the next, in the order in which a message passes them. A bidi call is an echo and has two
  hops, four through a gateway.
- **MB**: resident memory of the process when it was ready (it listens, or is about to call) + its largest growth since then.
- **map**: one \`map\` on each side. **concatMap**: the reader's 1 ms of work is inside a \`concatMap\` (a loop where there are no
  Observables). In a bidi call the echo does that work, and the client reads without a pause. **gateway**: a third process.

Machine: ${machine()}.
Versions: ${versions(packages).join(', ')}.

${table(rows)}

Target of rx-grpc: at most ${MAX_PER_HOP.upload} per hop, ${MAX_PER_HOP.download} in a download, and the messages that a \`concatMap\` holds. A download may run ahead by
its HTTP/2 window. Since it was ready, a process grows by at most 2 MB more than the same process of plain grpc-js.
${missed.length === 0 ? 'Missed: nowhere in these cells.' : `Missed:\n\n${missed.map(miss => `- ${miss}`).join('\n')}`}
`;
}
