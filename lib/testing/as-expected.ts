import { isMetadata } from '../core/metadata.ts';
import { isPlainObject } from '../core/validate.ts';
import { type ExpectedMetadata, metadataMismatches } from './expected-metadata.ts';
import { type ExpectedStatus, isStatus, statusMismatches } from './expected-status.ts';

/** What was expected, where a status or metadata is as that asks for; else what came. */
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

/** A message as one writes it down in a test: without null prototypes and undefined fields, and all bytes of one class. */
export function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return Uint8Array.from(value);
  if (Array.isArray(value)) return value.map(plain);
  if (!isPlainObject(value)) return value;
  const fields = Object.entries(value).filter(([, part]) => part !== undefined);
  return Object.fromEntries(fields.map(([key, part]) => [key, plain(part)]));
}
