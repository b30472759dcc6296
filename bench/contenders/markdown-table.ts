/** A table in Markdown. @param right the columns that are set to the right. */
export function markdownTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  right: (column: number) => boolean,
): string {
  const lines = [head, head.map((_, i) => (right(i) ? '--:' : '---')), ...rows];
  const widths = head.map((_, i) => Math.max(...lines.map(line => (line[i] ?? '').length)));
  const text = (line: readonly string[]) =>
    line.map((cell, i) => (right(i) ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!)));
  return lines.map(line => `| ${text(line).join(' | ')} |`).join('\n');
}
