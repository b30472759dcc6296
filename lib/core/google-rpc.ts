import * as types from '../google/rpc/error_details.ts';
import { Status } from '../google/rpc/status.ts';
import type { RichDetail, RichDetailInput, RichDetailTypes, UnknownDetail } from './error-detail-types.ts';

/** Encodes a google.rpc.Status, or the part of one: encoded messages that are put together are one message. */
export function encodeStatus(part: { code?: number; message?: string; details?: readonly UnknownDetail[] }): Buffer {
  return Status.encode(part);
}

/** The details of a google.rpc.Status. @throws Error when the bytes are none. */
export function decodeStatus(bytes: Uint8Array): readonly RichDetail[] {
  return Status.decode(bytes).details.map(fromAny);
}

/** A detail as the google.protobuf.Any that carries it. @throws TypeError when a field's value does not fit. */
export function toAny(detail: RichDetailInput): UnknownDetail {
  if (detail.case === 'unknown') return detail.value;
  const type = typeOf[detail.case];
  return { typeUrl: `type.googleapis.com/${type.typeName}`, value: type.encode(detail.value) };
}

interface DetailType {
  readonly typeName: string;
  encode(value: unknown): Buffer;
  decode(bytes: Uint8Array): unknown;
}

/** By what a detail may be, in the order of error_details.proto. */
const typeOf: Readonly<Record<Exclude<keyof RichDetailTypes, 'unknown'>, DetailType>> = {
  errorInfo: types.ErrorInfo,
  retryInfo: types.RetryInfo,
  debugInfo: types.DebugInfo,
  quotaFailure: types.QuotaFailure,
  preconditionFailure: types.PreconditionFailure,
  badRequest: types.BadRequest,
  requestInfo: types.RequestInfo,
  resourceInfo: types.ResourceInfo,
  help: types.Help,
  localizedMessage: types.LocalizedMessage,
};

/** What a detail may be. */
export const detailCases: readonly (keyof RichDetailTypes)[] = [
  ...(Object.keys(typeOf) as (keyof typeof typeOf)[]),
  'unknown',
];

/** Only what follows the last slash names the type. What its type cannot read is kept as it is. */
function fromAny(any: UnknownDetail): RichDetail {
  const { typeUrl, value } = any;
  const name = typeUrl.slice(typeUrl.lastIndexOf('/') + 1);
  for (const [known, { typeName, decode }] of Object.entries(typeOf)) {
    if (name !== typeName) continue;
    try {
      return { case: known, value: decode(value) } as RichDetail;
    } catch {
      break; // broken, or of a version that is no longer compatible
    }
  }
  return { case: 'unknown', value: any };
}
