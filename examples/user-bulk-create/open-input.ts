import { createReadStream, type Stats, statSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { InputError } from './entry.ts';
import type { Format } from './read-users.ts';

/** Where users are read from. */
export interface Input {
  readonly stream: Readable;
  readonly format: Format;
  /** undefined when it is not known. */
  readonly bytes: number | undefined;
}

/** Small, because all users of a chunk are in memory at once; a quarter of Node's default is as fast. */
const CHUNK_BYTES = 16 * 1024;

/**
 * Opens a file, or standard input for `-`. Without a format given it is told by the file's name; standard input is CSV.
 *
 * @throws InputError when there is no such file, or its format is not known.
 */
export function openInput(path: string, format?: Format): Input {
  if (path === '-') return { stream: process.stdin, format: format ?? 'csv', bytes: undefined };
  const stats = statOf(path);
  if (stats.isDirectory()) throw new InputError(`${path} is a directory`);
  format ??= /\.csv$/i.test(path) ? 'csv' : /\.(ndjson|jsonl)$/i.test(path) ? 'ndjson' : undefined;
  if (format === undefined) throw new InputError(`${path} is not named .csv, .ndjson or .jsonl: say --format`);
  return {
    stream: createReadStream(path, { highWaterMark: CHUNK_BYTES }),
    format,
    bytes: stats.isFile() ? stats.size : undefined,
  };
}

function statOf(path: string): Stats {
  try {
    return statSync(path);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new InputError(code === 'ENOENT' ? `${path}: no such file` : `${path}: ${message}`, { cause: error });
  }
}
