import type { CallCredentials, Metadata } from '@grpc/grpc-js';
import { Code, codeName, isErrorCode } from '../core/status.ts';

/** No status of a client's own side, in grpc-js, has one of these codes: it would be taken for the server's answer. */
const NOT_OF_THIS_SIDE: readonly Code[] = [
  Code.INVALID_ARGUMENT,
  Code.NOT_FOUND,
  Code.ALREADY_EXISTS,
  Code.FAILED_PRECONDITION,
  Code.ABORTED,
  Code.OUT_OF_RANGE,
  Code.DATA_LOSS,
];

/** Adds to metadata what call credentials generate; gives the status with which grpc-js refuses a call that has none to give. */
export async function addCredentials(
  metadata: Metadata,
  credentials: CallCredentials,
  path: string,
): Promise<{ readonly code: Code; readonly details: string } | undefined> {
  const slash = path.lastIndexOf('/');
  const call = { method_name: path.slice(slash + 1), service_url: `https://in-process${path.slice(0, slash)}` };
  try {
    metadata.merge(await credentials.generateMetadata(call));
  } catch (error) {
    return refusalFor(error as Error);
  }
  return undefined;
}

function refusalFor(error: Error & { readonly code?: unknown }) {
  const code = isErrorCode(error.code) ? error.code : Code.UNKNOWN;
  const details = `Getting metadata from plugin failed with error: ${error.message}`;
  return NOT_OF_THIS_SIDE.includes(code)
    ? { code: Code.INTERNAL, details: `Invalid status from control plane: ${code} ${codeName(code)} ${details}` }
    : { code, details };
}
