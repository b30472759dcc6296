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
  const lines = [head, head.map((_, i) => (i === 2 ? '--:' : '---')), ...rows.map(columns)];
  const widths = head.map((_, i) => Math.max(...lines.map(line => (line[i] ?? '').length)));
  const text = (line: readonly string[]) =>
    line.map((cell, i) => (i === 2 ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!)));
  return lines.map(line => `| ${text(line).join(' | ')} |`).join('\n');
}

function columns({ contender, cell, result }: Row): string[] {
  const start = [nameOf(cell), contender];
  if (result instanceof Error) return [...start, '-', result.message.replaceAll(/\s+/g, ' ').slice(0, 100), '', '', ''];
  const { ahead, hops, memory } = result;
  const resident = roles.map(role => {
    const mb = memory[role];
    return mb ? `${megabytes(mb.idle)} → ${megabytes(mb.max)} / ${megabytes(mb.now)}` : '';
  });
  return [...start, count(ahead), hops.length > 1 ? hops.map(count).join(' + ') : '', ...resident];
}

const count = (messages: number): string => messages.toLocaleString('en-US');

export const megabytes = (bytes: number): number => Math.round(bytes / 2 ** 20);
