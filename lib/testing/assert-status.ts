import { AssertionError } from 'node:assert';
import { codeName } from '../core/status.ts';
import { kindOf } from '../core/validate.ts';
import { type AnyStatus, type ExpectedStatus, isStatus, statusMismatches } from './expected.ts';
import { mismatchError } from './mismatch.ts';

/**
 * Asserts the status of a call: its code, details (a string or a RegExp) and metadata (see {@link assertMetadata}). A
 * field that is left out matches any value. The status is the error that the call failed with, or the status of
 * withCall and collect().
 *
 * @throws AssertionError of node:assert that names what differs, with `actual` and `expected`; its cause is the given
 *   status.
 */
export function assertStatus(status: unknown, expected: ExpectedStatus): asserts status is AnyStatus {
  if (!isStatus(status)) {
    const message = `expected a status with ${codeName(expected.code)}, got ${kindOf(status)}`;
    const error = new AssertionError({ message, actual: status, expected, stackStartFn: assertStatus });
    throw Object.assign(error, { cause: status });
  }
  const mismatches = statusMismatches(status, expected);
  if (mismatches.length === 0) return;
  const what = `the status ${codeName(status.code)}: ${status.details} is not as expected`;
  throw Object.assign(mismatchError(what, mismatches, assertStatus), { cause: status });
}
