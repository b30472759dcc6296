import { AssertionError } from 'node:assert';
import type { Metadata } from '@grpc/grpc-js';
import { isMetadata } from '../core/metadata.ts';
import { kindOf } from '../core/validate.ts';
import { type ExpectedMetadata, metadataMismatches } from './expected.ts';
import { mismatchError } from './mismatch.ts';

/**
 * Asserts that metadata has these values; it may have others. A RegExp matches a text; bytes stand for a key that ends in
 * `-bin`; undefined says that a key is not there. Several texts of one key are one text with commas, as over the wire.
 *
 * @throws AssertionError of node:assert that names each key that differs, with `actual` and `expected`.
 */
export function assertMetadata(
  metadata: Metadata | undefined,
  expected: ExpectedMetadata,
): asserts metadata is Metadata {
  if (!isMetadata(metadata)) {
    const message = `expected metadata, got ${kindOf(metadata)}`;
    throw new AssertionError({ message, actual: metadata, expected, stackStartFn: assertMetadata });
  }
  const mismatches = metadataMismatches(metadata, expected);
  if (mismatches.length > 0) throw mismatchError('the metadata is not as expected', mismatches, assertMetadata);
}
