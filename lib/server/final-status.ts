import { statusToSend } from '../core/error-status.ts';
import { checkSendable, type Metadata, sendable } from '../core/metadata.ts';
import type { StatusObject } from '../core/status.ts';

/** Of an error that cannot even be read nothing is told, as of any other that is not for the caller. */
export function statusOrNothing(error: unknown): StatusObject | undefined {
  try {
    return statusToSend(error);
  } catch {
    return undefined;
  }
}

/** What is wrong with trailers, if something is. */
export function whyUnfit(trailers: Metadata): unknown {
  try {
    checkSendable(trailers);
  } catch (error) {
    return error;
  }
  return undefined;
}

/** A status with the trailers of its call, as far as they can be sent. Those of the status itself are the stronger ones. */
export function withTrailers({ code, details, metadata }: StatusObject, ofCall: Metadata): StatusObject {
  const trailers = ofCall.clone();
  for (const key of Object.keys(metadata.getMap())) trailers.remove(key); // else two values of one key would be joined
  trailers.merge(metadata);
  return { code, details, metadata: sendable(trailers) };
}
