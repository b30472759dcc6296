import { markdownTable } from '../contenders/markdown-table.ts';
import { type Cell, nameOf, type Role } from './cells.ts';
import type { Result } from './trial.ts';

/** One contender in one cell, or why there is no result. */
export interface Row {
  readonly contender: string;
  readonly cell: Cell;
  readonly result: Result | Error;
}

const roles: readonly Role[] = ['server', 'gateway', 'client'];
const head = ['cell', 'contender', 'ahead', 'per hop', ...roles.map(role => `${role} MB`)];

/** A table in Markdown, one line for each row in the order given. */
export function table(rows: readonly Row[]): string {
  return markdownTable(head, rows.map(columns), column => column === 2);
}

function columns({ contender, cell, result }: Row): string[] {
  const start = [nameOf(cell), contender];
  if (result instanceof Error) return [...start, '-', result.message.replaceAll(/\s+/g, ' ').slice(0, 100), '', '', ''];
  const { ahead, hops, memory } = result;
  const resident = roles.map(role => {
    const mb = memory[role];
    return mb ? `${megabytes(mb.idle)} + ${megabytes(mb.max - mb.idle)}` : '';
  });
  return [...start, count(ahead), hops.length > 1 ? hops.map(count).join(' + ') : '', ...resident];
}

const count = (messages: number): string => messages.toLocaleString('en-US');

export const megabytes = (bytes: number): number => Math.round(bytes / 2 ** 20);
