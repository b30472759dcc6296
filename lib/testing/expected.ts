import type { Metadata } from '@grpc/grpc-js';
import { isMetadata } from '../core/metadata.ts';
import { type Code, codeName } from '../core/status.ts';
import { isPlainObject } from '../core/validate.ts';
import type { Mismatch } from './mismatch.ts';

/**
 * The expected value by key: a string, a pattern, bytes for a key that ends in `-bin`, or undefined for a key that must be absent.
 * Several strings of one key compare as one string joined with `, `, as HTTP/2 joins them.
 */
export type ExpectedMetadata = Readonly<
  Record<string, string | RegExp | Uint8Array | readonly string[] | readonly Uint8Array[] | undefined>
>;

/** The keys whose values differ. Other keys may be present. */
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

/** An expected status. A field that is left out matches any value. */
export interface ExpectedStatus {
  readonly code: Code;
  /** The exact text, or a pattern. */
  readonly details?: string | RegExp | undefined;
  readonly metadata?: ExpectedMetadata | undefined;
}

/** The error of a call, or the status of withCall and collect(). */
export interface AnyStatus {
  readonly code: Code;
  readonly details: string;
  readonly metadata: Metadata;
}

export function isStatus(value: unknown): value is AnyStatus {
  const { code, details, metadata } = (value ?? {}) as Partial<AnyStatus>;
  return typeof code === 'number' && typeof details === 'string' && isMetadata(metadata);
}

/** The fields of a status that differ. */
export function statusMismatches(actual: AnyStatus, expected: ExpectedStatus): Mismatch[] {
  const { code, details, metadata = {} } = expected;
  const hasDetails = details instanceof RegExp ? actual.details.search(details) >= 0 : (details ?? actual.details) === actual.details; // biome-ignore format: in one
  return [
    ...(actual.code === code ? [] : [{ name: 'code', actual: codeName(actual.code), expected: codeName(code) }]),
    ...(hasDetails ? [] : [{ name: 'details', actual: actual.details, expected: details }]),
    ...metadataMismatches(actual.metadata, metadata).map(one => ({ ...one, name: `metadata ${one.name}` })),
  ];
}

/** The expected value if a status or metadata matches it, and else the actual one. */
export function asExpected(actual: unknown, expected: unknown): unknown {
  if (isMetadata(actual) && isPlainObject(expected)) {
    return metadataMismatches(actual, expected as ExpectedMetadata).length === 0 ? expected : actual;
  }
  if (isStatus(actual) && isExpectedStatus(expected)) {
    return statusMismatches(actual, expected).length === 0 ? expected : actual;
  }
  return actual;
}

export function isExpectedStatus(value: unknown): value is ExpectedStatus {
  const known = ['code', 'details', 'metadata'];
  return (
    isPlainObject(value) && typeof value['code'] === 'number' && Object.keys(value).every(key => known.includes(key))
  );
}

/** A message as a test writes it: without null prototypes and undefined fields, with bytes as plain Uint8Array. */
export function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return Uint8Array.from(value);
  if (Array.isArray(value)) return value.map(plain);
  if (!isPlainObject(value)) return value;
  const fields = Object.entries(value).filter(([, part]) => part !== undefined);
  return Object.fromEntries(fields.map(([key, part]) => [key, plain(part)]));
}
