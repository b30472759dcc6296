import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { pull } from 'rx-grpc';
import type { Observable } from 'rxjs';
import type { Part } from '../gen/files.ts';

/** Bytes in one part. */
export const PART_BYTES: number = 64 * 1024;

/**
 * A file as parts, from a place in it on, or from its beginning when it is no longer so long. It is read only as fast as the
 * parts are taken: a file of any size is in memory part by part. What goes before `from` is read for the checksum alone.
 */
export function sendFile(path: string, name: string, from: number): Observable<Part> {
  return pull(() => partsOf(path, name, from));
}

async function* partsOf(path: string, name: string, wanted: number): AsyncGenerator<Part> {
  const { size } = await stat(path);
  const from = wanted <= size ? wanted : 0;
  yield { part: { case: 'begin', value: { name, size: BigInt(size), from: BigInt(from) } } };

  const hash = createHash('sha256');
  let at = 0;
  for await (const bytes of createReadStream(path, { highWaterMark: PART_BYTES })) {
    hash.update(bytes);
    const value = bytes.subarray(Math.max(from - at, 0));
    at += bytes.length;
    if (value.length > 0) yield { part: { case: 'data', value } };
  }
  yield { part: { case: 'sha256', value: hash.digest() } };
}
