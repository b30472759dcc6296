import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';

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
  const next = `${path}.next`;
  writeFileSync(next, `${JSON.stringify(position)}\n`);
  renameSync(next, path);
}

/** The position in a file; undefined when there is no such file. @throws Error when it holds none. */
export function loadPosition(path: string): Position | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const { line, rejectsBytes, inputBytes } = JSON.parse(text) as Position;
    if (Number.isInteger(line) && Number.isInteger(rejectsBytes)) return { line, rejectsBytes, inputBytes };
  } catch {
    // Said below.
  }
  throw new Error(`${path} holds no position of an upload`);
}

/** An upload that came to its end needs none. */
export function forgetPosition(path: string): void {
  rmSync(path, { force: true });
}
