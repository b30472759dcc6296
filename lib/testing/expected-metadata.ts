import type { Metadata } from '@grpc/grpc-js';
import type { Mismatch } from './mismatch.ts';

/**
 * For each key its text, or what matches it; bytes where the key ends in `-bin`; undefined where it should not be there.
 * Several texts of one key are one text with `, ` between them, for that is what HTTP/2 makes of them.
 */
export type ExpectedMetadata = Readonly<
  Record<string, string | RegExp | Uint8Array | readonly string[] | readonly Uint8Array[] | undefined>
>;

/** The keys that are not as expected; others may be there. */
export function metadataMismatches(metadata: Metadata, expected: ExpectedMetadata): Mismatch[] {
  return Object.entries(expected).flatMap(([name, wanted]) => {
    const values = metadata.get(name);
    const list: readonly unknown[] = wanted === undefined ? [] : [wanted].flat();
    const fits = values.length === 0 || list.length === 0 ? values.length === list.length : areSame(values, list);
    return fits ? [] : [{ name, actual: shown(values), expected: shown(list) }];
  });
}

function areSame(values: readonly (string | Buffer)[], wanted: readonly unknown[]): boolean {
  if (typeof values[0] === 'string') {
    const text = values.join(', ');
    return wanted[0] instanceof RegExp
      ? text.search(wanted[0]) >= 0
      : typeof wanted[0] === 'string' && wanted.join(', ') === text;
  }
  const isSame = (value: string | Buffer, at: number) =>
    wanted[at] instanceof Uint8Array && Buffer.compare(value as Buffer, wanted[at]) === 0;
  return values.length === wanted.length && values.every(isSame);
}

function shown(values: readonly unknown[]): unknown {
  const all = values.map(value => (value instanceof Uint8Array ? Buffer.from(value) : value));
  return all.length > 1 ? all : all[0];
}
