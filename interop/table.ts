/** A Markdown table, its columns lined up; all but the first to the right when they are numbers. */
export function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const cells = rows.map(row => row.map(cell => (typeof cell === 'number' ? cell.toLocaleString('en') : cell)));
  const isNumeric = head.map(
    (_, i) => rows.length > 0 && rows.every(row => typeof row[i] === 'number' || row[i] === '-'),
  );
  const widths = head.map((title, i) => Math.max(title.length, ...cells.map(row => row[i]!.length)));
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, i) => (isNumeric[i] ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!))).join(' | ')} |`;
  const rule = widths.map((width, i) => (isNumeric[i] ? `${'-'.repeat(width - 1)}:` : '-'.repeat(width)));
  return [head, rule, ...cells].map(line).join('\n');
}
