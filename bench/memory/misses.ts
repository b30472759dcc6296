import { nameOf, type Role } from './cells.ts';
import type { Memory } from './peer.ts';
import { megabytes, type Row } from './table.ts';

/** What a client reads of a server's stream comes through a larger window than all else. */
export const MAX_PER_HOP = { download: 240, upload: 110, bidi: 110 } as const;
/** What a concatMap says that it holds: the value at work and one of its source. */
const HELD_BY_CONCAT_MAP = 2;
/** What two runs of the same differ by. */
const NOISE_BYTES = 2 * 2 ** 20;

/** Where rx-grpc is not what it wants to be: in run-ahead, or in memory compared with plain grpc-js in the same cell. */
export function misses(rows: readonly Row[]): string[] {
  return rows
    .filter(({ contender }) => contender === 'rx-grpc')
    .flatMap(row => [...tooFar(row), ...tooLarge(row, rows)]);
}

function tooFar({ cell, result }: Row): string[] {
  if (result instanceof Error) return [`${nameOf(cell)}: ${result.message}`];
  const most = MAX_PER_HOP[cell.direction] + (cell.pipeline === 'concatMap' ? HELD_BY_CONCAT_MAP : 0);
  return result.hops.filter(hop => hop > most).map(hop => `${nameOf(cell)}: ${hop} messages in one hop`);
}

function tooLarge({ cell, result }: Row, rows: readonly Row[]): string[] {
  const pipeline = cell.pipeline === 'map' ? 'direct' : cell.pipeline;
  const plain = rows.find(
    row =>
      row.contender.startsWith('grpc-js') && row.cell.direction === cell.direction && row.cell.pipeline === pipeline,
  )?.result;
  if (plain === undefined || plain instanceof Error || result instanceof Error) return [];
  const roles = Object.keys(result.memory) as Role[];
  return roles
    .filter(role => result.memory[role]!.max > plain.memory[role]!.max + NOISE_BYTES)
    .map(
      role =>
        `${nameOf(cell)}: ${role} ${taken(result.memory[role]!)}, that of plain grpc-js ${taken(plain.memory[role]!)}`,
    );
}

const taken = ({ idle, max }: Memory): string => `${megabytes(max)} MB (${megabytes(max - idle)} since it was ready)`;
