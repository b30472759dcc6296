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

${OFFERED.toLocaleString('en-US')} messages of 1 KiB are offered to a reader that takes one a millisecond; the run ends when it has taken ${reads.toLocaleString('en-US')}.
Each role is a process of its own (plain Node, loopback).

- **ahead**: messages that were produced and not yet consumed, at the most, from the times of both.
- **per hop**: the same from one process to the next, in the order of a message's way; a bidi call is an echo, hence two
  hops, four through a gateway.
- **MB**: resident memory of the process when it was ready (it listens, or is about to call) + the most that it grew by from then on.
- **map**: one \`map\` on each side. **concatMap**: the reader's 1 ms of work is inside a \`concatMap\` (a loop where there are
  no Observables); of a bidi call it is the echo's, and the client reads without a pause. **gateway**: a third process.

Machine: ${machine()}.
Versions: ${versions(packages).join(', ')}.

${table(rows)}

Target of rx-grpc: at most ${MAX_PER_HOP.upload} per hop, ${MAX_PER_HOP.download} of a download, and what a \`concatMap\` holds. A download may run ahead by what its
HTTP/2 window holds. From the moment that a process is ready its memory grows by at most what that of plain grpc-js does, within 2 MB.
${missed.length === 0 ? 'Missed: nowhere in these cells.' : `Missed:\n\n${missed.map(miss => `- ${miss}`).join('\n')}`}
`;
}
