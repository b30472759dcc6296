/** The maximum line length, as in this repository's formatter. */
export const lineWidth = 120;

/** Before a call, it tells bundlers to drop the call if its result is unused. */
export const pure = '/* @__PURE__ */';

/** An item of a list: a string, or a call that can be broken into lines as well. */
export type Item = string | { readonly callee: string; readonly args: readonly string[] };

/** A list in brackets behind `before`: on one line if it fits, otherwise with one line per item. */
export function listed(before: string, open: string, items: readonly Item[], close: string): string {
  const space = open === '{' ? ' ' : '';
  const inline = `${before}${open}${space}${items.map(inOneLine).join(', ')}${space}${close}`;
  if (fits(inline)) return inline;
  const indent = indentOf(before);
  const lines = items.map(item => {
    if (typeof item === 'string' || fits(`${indent}  ${inOneLine(item)},`)) return `${indent}  ${inOneLine(item)},\n`;
    return `${listed(`${indent}  ${item.callee}`, '(', item.args, '),')}\n`;
  });
  return `${before}${open}\n${lines.join('')}${indent}${close}`;
}

function inOneLine(item: Item): string {
  return typeof item === 'string' ? item : `${item.callee}(${item.args.join(', ')})`;
}

/** A call whose last argument is an array. If the call does not fit on a line, the array is broken. */
export function callWithArray(before: string, args: readonly string[], array: readonly string[]): string {
  const inline = `${before}(${[...args, `[${array.join(', ')}]`].join(', ')});`;
  return fits(inline) ? inline : listed(`${before}(${args.join(', ')}, `, '[', array, ']);');
}

/** An `if` with several alternatives. */
export function ifAny(before: string, parts: readonly string[]): string {
  const inline = `${before}if (${parts.join(' || ')})`;
  return fits(inline) ? inline : `${before}if (\n${parts.map(part => `${before}  ${part}`).join(' ||\n')}\n${before})`;
}

/** A call as a statement. */
export function call(before: string, args: readonly Item[]): string {
  return listed(before, '(', args, ');');
}

/** A statement behind a condition, on one line if it fits. */
export function guarded(condition: string, statement: (before: string) => string): string {
  const indent = indentOf(condition);
  const inline = statement(`${condition} `);
  return inline.includes('\n') ? `${condition}\n${statement(`${indent}  `)}` : inline;
}

/** Indents each line. */
export function indented(lines: string, by = '  '): string {
  return lines.replace(/^(?=.)/gm, by);
}

/** A string in single quotes. */
export function quoted(text: string): string {
  const json = JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"');
  if (text.includes("'") && !text.includes('"')) return `"${json}"`;
  return `'${json.replaceAll("'", "\\'")}'`;
}

function fits(text: string): boolean {
  return text.length - text.lastIndexOf('\n') - 1 <= lineWidth;
}

function indentOf(text: string): string {
  return /^ */.exec(text.slice(text.lastIndexOf('\n') + 1))![0];
}
