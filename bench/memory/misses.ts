import { nameOf, type Role } from './cells.ts';
import type { Memory } from './peer.ts';
import { megabytes, type Row } from './table.ts';

/** The window for a server's stream, which a download may fill, is larger than that for requests. */
export const MAX_PER_HOP = { download: 240, upload: 110, bidi: 110 } as const;
/** A concatMap holds the value at work and one of its source. */
const HELD_BY_CONCAT_MAP = 2;
/** Two runs of the same differ by so much. */
const NOISE_BYTES = 2 * 2 ** 20;

/** Where rx-grpc misses a target: in run-ahead, or in the growth of memory compared with plain grpc-js in the same cell. */
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
    .filter(role => growth(result.memory[role]!) > growth(plain.memory[role]!) + NOISE_BYTES)
    .map(
      role =>
        `${nameOf(cell)}: ${role} ${megabytes(growth(result.memory[role]!))} MB, of plain grpc-js ${megabytes(growth(plain.memory[role]!))} MB`,
    );
}

const growth = ({ idle, max }: Memory): number => max - idle;
