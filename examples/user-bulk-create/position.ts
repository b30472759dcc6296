import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { InputError } from './entry.ts';

/** How far an upload came, for the next to go on from there. */
export interface Position {
  /** Every line up to this one is settled: its user is in the database, or it is in the file of rejects. */
  readonly line: number;
  /** Length of the file of rejects then. */
  readonly rejectsBytes: number;
  /** Size of the input then; undefined for standard input. */
  readonly inputBytes?: number | undefined;
}

/** Keeps a position in a small JSON file; it is whole at any time, also when the program is killed while writing. */
export function savePosition(path: string, position: Position): void {
  const next = nextPath(path);
  writeFileSync(next, `${JSON.stringify(position)}\n`);
  renameSync(next, path);
}

/** Where a position is written before it takes the place of the last. */
export function nextPath(path: string): string {
  return `${path}.next`;
}

/** @throws InputError when positions cannot be saved there. */
export function checkPosition(path: string): void {
  try {
    writeFileSync(nextPath(path), '');
    rmSync(nextPath(path));
  } catch (error) {
    throw new InputError(`the position cannot be written to ${path}: ${(error as Error).message}`, { cause: error });
  }
}

/** The position in a file; undefined when there is no such file. @throws InputError when it holds none. */
export function loadPosition(path: string): Position | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    throw new InputError(`${path}: ${message}`, { cause: error });
  }
  try {
    const { line, rejectsBytes, inputBytes } = JSON.parse(text) as Position;
    if (Number.isInteger(line) && Number.isInteger(rejectsBytes)) return { line, rejectsBytes, inputBytes };
  } catch {
    // Said below.
  }
  throw new InputError(`${path} holds no position of an upload; remove it, or say another by --position`);
}

/** An upload that came to its end needs none. */
export function forgetPosition(path: string): void {
  rmSync(path, { force: true });
}
