import protobuf from 'protobufjs';
import { decodeMessage } from './decode-message.ts';
import { encodeMessage } from './encode-message.ts';
import type { RichDetail, RichDetailInput, RichDetailTypes, UnknownDetail } from './error-details.ts';
import { type MessageCodec, messageCodecs } from './message-codec.ts';
import { parseProto } from './parse-proto.ts';
import { resolveTypes } from './resolve-types.ts';

/** Encodes a google.rpc.Status, or the part of one: encoded messages that are put together are one message. */
export function encodeStatus(part: { code?: number; message?: string; details?: readonly UnknownDetail[] }): Buffer {
  return encodeMessage(codecOf('Status'), part);
}

/** The details of a google.rpc.Status. @throws Error when the bytes are none. */
export function decodeStatus(bytes: Uint8Array): readonly RichDetail[] {
  const { details } = decodeMessage(codecOf('Status'), bytes) as { details: UnknownDetail[] };
  return details.map(fromAny);
}

/** A detail as the google.protobuf.Any that carries it. @throws TypeError when a field's value does not fit. */
export function toAny(detail: RichDetailInput): UnknownDetail {
  if (detail.case === 'unknown') return detail.value;
  const name = typeName(detail.case);
  return { typeUrl: `type.googleapis.com/google.rpc.${name}`, value: encodeMessage(codecOf(name), detail.value) };
}

/** What a detail may be, in the order of error_details.proto. */
export const detailCases: readonly (keyof RichDetailTypes)[] = [
  'errorInfo',
  'retryInfo',
  'debugInfo',
  'quotaFailure',
  'preconditionFailure',
  'badRequest',
  'requestInfo',
  'resourceInfo',
  'help',
  'localizedMessage',
  'unknown',
];

/** Only what follows the last slash names the type. What its type cannot read is kept as it is. */
function fromAny(any: UnknownDetail): RichDetail {
  const { typeUrl, value } = any;
  const name = typeUrl.slice(typeUrl.lastIndexOf('/') + 1);
  const known = detailCases.find(each => each !== 'unknown' && name === `google.rpc.${typeName(each)}`);
  if (known !== undefined) {
    try {
      return { case: known, value: decodeMessage(codecOf(typeName(known)), value) } as RichDetail;
    } catch {
      // Broken, or of a version that is no longer compatible.
    }
  }
  return { case: 'unknown', value: any };
}

function typeName(detailCase: string): string {
  return detailCase.charAt(0).toUpperCase() + detailCase.slice(1);
}

let lookUp: ((name: string) => MessageCodec) | undefined;

/** Made when it is first wanted: most processes never see a rich detail. */
function codecOf(name: string): MessageCodec {
  if (lookUp === undefined) {
    const root = new protobuf.Root();
    for (const file of ['any', 'duration']) root.addJSON(protobuf.common.get(`google/protobuf/${file}.proto`)!.nested!);
    parseProto(root, 'google/rpc/error_details.proto', source);
    resolveTypes(root);
    const codecs = messageCodecs();
    lookUp = each => codecs(root.lookupType(`google.rpc.${each}`));
  }
  return lookUp(name);
}

// https://github.com/googleapis/googleapis/blob/master/google/rpc/status.proto and error_details.proto, of August 2026.
const source = `
syntax = "proto3";
package google.rpc;

message Status { int32 code = 1; string message = 2; repeated google.protobuf.Any details = 3; }

message ErrorInfo { string reason = 1; string domain = 2; map<string, string> metadata = 3; }
message RetryInfo { google.protobuf.Duration retry_delay = 1; }
message DebugInfo { repeated string stack_entries = 1; string detail = 2; }
message QuotaFailure {
  repeated Violation violations = 1;
  message Violation {
    string subject = 1;
    string description = 2;
    string api_service = 3;
    string quota_metric = 4;
    string quota_id = 5;
    map<string, string> quota_dimensions = 6;
    int64 quota_value = 7;
    optional int64 future_quota_value = 8;
  }
}
message PreconditionFailure {
  repeated Violation violations = 1;
  message Violation { string type = 1; string subject = 2; string description = 3; }
}
message BadRequest {
  repeated FieldViolation field_violations = 1;
  message FieldViolation {
    string field = 1;
    string description = 2;
    string reason = 3;
    LocalizedMessage localized_message = 4;
  }
}
message RequestInfo { string request_id = 1; string serving_data = 2; }
message ResourceInfo { string resource_type = 1; string resource_name = 2; string owner = 3; string description = 4; }
message Help {
  repeated Link links = 1;
  message Link { string description = 1; string url = 2; }
}
message LocalizedMessage { string locale = 1; string message = 2; }
`;
