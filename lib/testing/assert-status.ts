import { AssertionError } from 'node:assert';
import { codeName } from '../core/status.ts';
import { kindOf } from '../core/validate.ts';
import { type AnyStatus, type ExpectedStatus, isStatus, statusMismatches } from './expected.ts';
import { mismatchError } from './mismatch.ts';

/**
 * Asserts how a call ended: of the error that it failed with, or of the status that withCall and collect() give, that code,
 * details (a text or a RegExp) and metadata (see {@link assertMetadata}) are these; what is left out may be anything.
 *
 * @throws AssertionError of node:assert that says what differs, with `actual` and `expected`; the error is its cause.
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
