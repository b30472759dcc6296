import { AssertionError } from 'node:assert';
import type { Metadata } from '@grpc/grpc-js';
import { isMetadata } from '../core/metadata.ts';
import { kindOf } from '../core/validate.ts';
import { type ExpectedMetadata, metadataMismatches } from './expected.ts';
import { mismatchError } from './mismatch.ts';

/**
 * Asserts that metadata has the expected values; other keys may be present. A RegExp matches a string. A key that ends
 * in `-bin` has bytes. `undefined` means that the key is absent. Several strings of one key compare as one string
 * joined with `, `, as on the wire.
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
