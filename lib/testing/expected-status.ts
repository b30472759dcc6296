import type { Metadata } from '@grpc/grpc-js';
import { isMetadata } from '../core/metadata.ts';
import { type Code, codeName } from '../core/status.ts';
import { type ExpectedMetadata, metadataMismatches } from './expected-metadata.ts';
import type { Mismatch } from './mismatch.ts';

/** What a status should be; what is left out may be anything. */
export interface ExpectedStatus {
  readonly code: Code;
  /** The text itself, or what matches it. */
  readonly details?: string | RegExp | undefined;
  readonly metadata?: ExpectedMetadata | undefined;
}

/** An error of a call, or what withCall and collect() give. */
export interface AnyStatus {
  readonly code: Code;
  readonly details: string;
  readonly metadata: Metadata;
}

export function isStatus(value: unknown): value is AnyStatus {
  const { code, details, metadata } = (value ?? {}) as Partial<AnyStatus>;
  return typeof code === 'number' && typeof details === 'string' && isMetadata(metadata);
}

/** What of a status is not as expected. */
export function statusMismatches(actual: AnyStatus, expected: ExpectedStatus): Mismatch[] {
  const { code, details, metadata = {} } = expected;
  const hasDetails = details instanceof RegExp ? actual.details.search(details) >= 0 : (details ?? actual.details) === actual.details; // biome-ignore format: in one
  return [
    ...(actual.code === code ? [] : [{ name: 'code', actual: codeName(actual.code), expected: codeName(code) }]),
    ...(hasDetails ? [] : [{ name: 'details', actual: actual.details, expected: details }]),
    ...metadataMismatches(actual.metadata, metadata).map(one => ({ ...one, name: `metadata ${one.name}` })),
  ];
}
