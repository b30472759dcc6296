import { fstatSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { InputError } from './entry.ts';
import { nextPath } from './position.ts';

/**
 * The files of an upload must be different ones, whatever they are called: the others are written, cut and removed.
 *
 * @throws InputError when two are the same.
 */
export function refuseSameFile(input: string, rejects: string, position: string): void {
  const files: [what: string, path: string, identity: string][] = [
    ['the input', input, input === '-' ? ofStandardInput() : identityOf(input)],
    ['the file of rejects', rejects, identityOf(rejects)],
    ['the position', position, identityOf(position)],
    ['the next position', nextPath(position), identityOf(nextPath(position))],
  ];
  files.forEach(([what, path, identity], i) => {
    const same = files.slice(0, i).find(other => other[2] === identity);
    if (same !== undefined)
      throw new InputError(`${same[1]} is ${same[0]} and ${path} ${what}: they are the same file`);
  });
}

/** Of a file that is there, the one that it is by any name; otherwise the name that it would have. */
function identityOf(path: string): string {
  try {
    const { dev, ino } = statSync(path, { bigint: true });
    return `${dev}:${ino}`;
  } catch {
    const whole = resolve(path);
    try {
      return join(realpathSync(dirname(whole)), basename(whole));
    } catch {
      return whole; // without its folder it cannot be written, which is told elsewhere
    }
  }
}

/** It may be a file, by `< users.csv`. */
function ofStandardInput(): string {
  try {
    const { dev, ino } = fstatSync(0, { bigint: true });
    return `${dev}:${ino}`;
  } catch {
    return '-'; // closed
  }
}
