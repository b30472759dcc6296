import { readFileSync } from 'node:fs';

/** The rows of the table in docs/backpressure.md that states how far a source runs ahead. */
const rows = {
  serverStream: "a server's stream",
  others: 'requests, and responses to a stream of requests',
  ownResponses: 'responses over a Client or Channel of your own',
  ownRequests: 'requests over a Client or Channel of your own',
  loopback: '`loopback()`',
} as const;

/** The maximum that a source is ahead of the reader, in messages of 32 KiB and of 1 KiB. */
export interface RunAhead {
  readonly of32KiB: number;
  readonly of1KiB: number;
}

/** The documented values for a release of Node. */
export function documentedRunAhead(row: keyof typeof rows, major: number = ownMajor): RunAhead {
  const docs = readFileSync(new URL('../../docs/backpressure.md', import.meta.url), 'utf8');
  const line = docs.split('\n').find(each => each.startsWith(`| ${rows[row]} |`));
  const figures = line
    ?.split('|')
    .slice(2, 6)
    .map(cell => Number(cell.replace(',', '')));
  if (!figures?.every(figure => figure > 0)) throw new Error(`docs/backpressure.md has no row "${rows[row]}"`);
  const [of32KiB, of32KiBSince22, of1KiB, of1KiBSince22] = figures as [number, number, number, number];
  return major < 22 ? { of32KiB, of1KiB } : { of32KiB: of32KiBSince22, of1KiB: of1KiBSince22 };
}

const ownMajor = Number(process.versions.node.split('.')[0]);
