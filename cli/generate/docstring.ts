import type { Doc } from './model.ts';
import { indented } from './text.ts';

/** A docstring with its line break, to put before a declaration; empty without a comment. */
export function docstring({ comment, deprecated }: Doc, indent = ''): string {
  const lines = comment
    .replaceAll('*/', '*\\/')
    .split('\n')
    .map(line => line.trimEnd());
  while (lines[0] === '') lines.shift();
  while (lines.at(-1) === '') lines.pop();
  if (deprecated && !lines.some(line => /^\s*@deprecated\b/.test(line))) lines.push('@deprecated');
  if (lines.length === 0) return '';
  if (lines.length === 1) return `${indent}/** ${lines[0]} */\n`;
  return indented(`/**\n${lines.map(line => (line === '' ? ' *' : ` * ${line}`)).join('\n')}\n */\n`, indent);
}
