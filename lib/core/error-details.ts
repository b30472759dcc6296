import type { Metadata } from '@grpc/grpc-js';
import * as rpc from '../google/rpc/error_details.ts';
import { Status } from '../google/rpc/status.ts';
import { isMetadata, STATUS_DETAILS } from './metadata.ts';
import { type Code, MAX_ESCAPED_DETAILS, shorten } from './status.ts';
import { isPlainObject, kindOf, MAX_TIMER_MS } from './validate.ts';

/** The error details of google.rpc as they are read, with every field present. {@link RichDetailInput} is their form for writing. */
export interface RichDetailTypes {
  readonly errorInfo: rpc.ErrorInfo;
  readonly retryInfo: rpc.RetryInfo;
  readonly debugInfo: rpc.DebugInfo;
  readonly quotaFailure: rpc.QuotaFailure;
  readonly preconditionFailure: rpc.PreconditionFailure;
  readonly badRequest: rpc.BadRequest;
  readonly requestInfo: rpc.RequestInfo;
  readonly resourceInfo: rpc.ResourceInfo;
  readonly help: rpc.Help;
  readonly localizedMessage: rpc.LocalizedMessage;
  readonly unknown: UnknownDetail;
}

interface RichDetailInits {
  readonly errorInfo: rpc.ErrorInfoInit;
  readonly retryInfo: rpc.RetryInfoInit;
  readonly debugInfo: rpc.DebugInfoInit;
  readonly quotaFailure: rpc.QuotaFailureInit;
  readonly preconditionFailure: rpc.PreconditionFailureInit;
  readonly badRequest: rpc.BadRequestInit;
  readonly requestInfo: rpc.RequestInfoInit;
  readonly resourceInfo: rpc.ResourceInfoInit;
  readonly help: rpc.HelpInit;
  readonly localizedMessage: rpc.LocalizedMessageInit;
  readonly unknown: UnknownDetail;
}

/** One rich detail of a received error: a union tagged by `case`. */
export type RichDetail = {
  readonly [K in keyof RichDetailTypes]: { readonly case: K; readonly value: RichDetailTypes[K] };
}[keyof RichDetailTypes];

/** One rich detail to send. Each field may be absent or undefined, and a 64-bit integer may be a safe number. */
export type RichDetailInput = {
  readonly [K in keyof RichDetailInits]: { readonly case: K; readonly value: RichDetailInits[K] };
}[keyof RichDetailInits];

/** A detail of another type, or one that cannot be decoded: the google.protobuf.Any that carries it. */
export interface UnknownDetail {
  /** Ends in a slash and the full name of the message: `type.googleapis.com/users.Locked`. */
  readonly typeUrl: string;
  /** The encoded message. */
  readonly value: Uint8Array;
}

interface DetailType {
  readonly typeName: string;
  encode(value: unknown): Buffer;
  decode(bytes: Uint8Array): unknown;
}

/** The message types by case, in the order of error_details.proto. */
const types: Readonly<Record<Exclude<keyof RichDetailTypes, 'unknown'>, DetailType>> = {
  errorInfo: rpc.ErrorInfo,
  retryInfo: rpc.RetryInfo,
  debugInfo: rpc.DebugInfo,
  quotaFailure: rpc.QuotaFailure,
  preconditionFailure: rpc.PreconditionFailure,
  badRequest: rpc.BadRequest,
  requestInfo: rpc.RequestInfo,
  resourceInfo: rpc.ResourceInfo,
  help: rpc.Help,
  localizedMessage: rpc.LocalizedMessage,
};

/** The cases of a detail. */
export const detailCases: readonly (keyof RichDetailTypes)[] = [
  ...(Object.keys(types) as (keyof typeof types)[]),
  'unknown',
];

/**
 * The rich details of an {@link RpcError} or a ServiceError of plain grpc-js, in the order in which they were sent. Details whose
 * type is not one of google.rpc are `unknown`, with their bytes. Never throws: any other value, and an error without readable
 * details, gives an empty list.
 */
export function richDetailsOf(error: unknown): readonly RichDetail[] {
  const { metadata } = (error ?? {}) as { metadata?: unknown };
  const bytes = isMetadata(metadata) ? metadata.get(STATUS_DETAILS)[0] : undefined;
  if (typeof bytes !== 'object') return none;
  let details = decoded.get(bytes);
  if (details === undefined) decoded.set(bytes, (details = decode(bytes)));
  return details;
}

/** Rich details as JSON values: 64-bit integers as strings, unknown details as their type and their size. */
export function printableDetails(details: readonly RichDetail[]): readonly object[] {
  const asText = (_key: string, value: unknown) => (typeof value === 'bigint' ? String(value) : value);
  return details.map(detail => {
    if (detail.case !== 'unknown') return JSON.parse(JSON.stringify(detail, asText));
    const { typeUrl, value } = detail.value;
    return { case: detail.case, value: { typeUrl, bytes: value.length } };
  });
}

/**
 * The first rich detail of one kind, or undefined: `richDetail(error, 'badRequest')?.fieldViolations`. See {@link richDetailsOf}.
 *
 * @throws TypeError when the kind is unknown.
 */
export function richDetail<K extends keyof RichDetailTypes>(error: unknown, kind: K): RichDetailTypes[K] | undefined {
  if (!detailCases.includes(kind)) throw new TypeError(`richDetail: expected ${kinds()}, got ${kindOf(kind)}`);
  return richDetailsOf(error).find(detail => detail.case === kind)?.value as RichDetailTypes[K] | undefined;
}

/**
 * A RetryInfo: asks the caller to wait before the next attempt.
 *
 * @param delayMs milliseconds, 0 or more, with nanosecond precision.
 * @throws RangeError when it is negative, or more than google.protobuf.Duration can hold (10,000 years).
 */
export function retryInfo(delayMs: number): RichDetailInput {
  if (typeof delayMs !== 'number' || !(delayMs >= 0 && delayMs <= MAX_DURATION_MS)) {
    throw new RangeError(`retryInfo: expected milliseconds from 0 to ${MAX_DURATION_MS}, got ${String(delayMs)}`);
  }
  const nanos = Math.round((delayMs % 1000) * 1e6);
  const seconds = Math.floor(delayMs / 1000) + Math.floor(nanos / 1e9);
  return { case: 'retryInfo', value: { retryDelay: { seconds, nanos: nanos % 1e9 } } };
}

/**
 * The milliseconds that the server asks to wait before the next attempt (its RetryInfo), or undefined. Clamped to the range of
 * a timer in Node, 0 to 2^31 - 1.
 */
export function retryDelayMs(error: unknown): number | undefined {
  const delay = richDetail(error, 'retryInfo')?.retryDelay;
  if (delay === undefined) return undefined;
  return Math.min(Math.max(Number(delay.seconds) * 1000 + delay.nanos / 1e6, 0), MAX_TIMER_MS);
}

/**
 * Adds rich details to the details and to a copy of the metadata of an error. Rich details that do not fit into the header are
 * left out from the end; the text notes it, as does the google.rpc.Status.
 *
 * @throws TypeError when the metadata has rich details already, or when one of these is not valid; names the field.
 */
export function withRichDetails(
  code: Code,
  text: string,
  given: Metadata,
  details: readonly RichDetailInput[],
): { readonly text: string; readonly metadata: Metadata } {
  const metadata = given.clone();
  if (metadata.get(STATUS_DETAILS).length > 0) {
    throw new TypeError(`RpcError: richDetails are given, but metadata has ${STATUS_DETAILS} already`);
  }
  const parts = encode(details);
  if (parts.length === 0) return { text, metadata };

  const message = shorten(text, MAX_STATUS_MESSAGE);
  const whole = Status.encode({ code, message });
  if (fitting(whole, parts) === parts.length) {
    metadata.set(STATUS_DETAILS, Buffer.concat([whole, ...parts]));
    return { text, metadata };
  }
  const head = (leftOut: number) => Status.encode({ code, message: join(message, note(leftOut, parts.length)) });
  const kept = fitting(head(parts.length), parts);
  const leftOut = parts.length - kept;
  metadata.set(STATUS_DETAILS, Buffer.concat([head(leftOut), ...parts.slice(0, kept)]));
  const said = note(leftOut, parts.length);
  return { text: join(shorten(text, MAX_ESCAPED_DETAILS - encodeURI(`… ${said}`).length), said), metadata };
}

/**
 * The most bytes of a google.rpc.Status: 6 KiB in base64. Other implementations reject trailers above 8 KiB in total: Java
 * (GrpcUtil.DEFAULT_MAX_HEADER_LIST_SIZE), C-core and the languages on top of it (some calls above 8 KiB, all above 16 KiB:
 * GRPC_ARG_MAX_METADATA_SIZE in channel_arg_names.h), Go at the limit it announces (16 MiB: internal/transport/defaults.go).
 * gRPC itself needs a few hundred bytes of the other 2 KiB; the rest is for the details and the user's trailers.
 */
const MAX_STATUS_BYTES = (6 * 1024 * 3) / 4;

/** The most bytes of the message in the google.rpc.Status, so that it leaves room for the rich details. */
const MAX_STATUS_MESSAGE = 1024;

const MAX_DURATION_MS = 315_576_000_000_000;

const none: readonly RichDetail[] = Object.freeze([]);

/** Decoded once for each error: the key is the value in its metadata. */
const decoded = new WeakMap<Uint8Array, readonly RichDetail[]>();

function decode(bytes: Uint8Array): readonly RichDetail[] {
  try {
    const details = Status.decode(bytes).details.map(fromAny);
    // JSON has no 64-bit integers, and loggers write bytes number by number.
    Object.defineProperty(details, 'toJSON', { value: () => printableDetails(details) });
    return Object.freeze(details);
  } catch {
    return none;
  }
}

/** Encodes each detail as a google.rpc.Status of its own: concatenated encodings of a message are one message. */
function encode(details: readonly RichDetailInput[]): readonly Buffer[] {
  if (!Array.isArray(details)) {
    throw new TypeError(`RpcError: expected richDetails to be a list, got ${kindOf(details)}`);
  }
  return details.map((detail: RichDetailInput, index) => {
    if (!isPlainObject(detail) || !detailCases.includes(detail.case)) {
      const got = kindOf(isPlainObject(detail) ? detail['case'] : detail);
      throw new TypeError(`RpcError: expected richDetails[${index}].case to be ${kinds()}, got ${got}`);
    }
    return Status.encode({ details: [toAny(detail)] });
  });
}

/** The number of parts that fit behind the head. */
function fitting(head: Buffer, parts: readonly Buffer[]): number {
  let bytes = head.length;
  const tooMany = parts.findIndex(part => (bytes += part.length) > MAX_STATUS_BYTES);
  return tooMany === -1 ? parts.length : tooMany;
}

/** A detail as the google.protobuf.Any that carries it. @throws TypeError when the value of a field is not valid. */
function toAny(detail: RichDetailInput): UnknownDetail {
  if (detail.case === 'unknown') return detail.value;
  const type = types[detail.case];
  return { typeUrl: `type.googleapis.com/${type.typeName}`, value: type.encode(detail.value) };
}

/** The part behind the last slash names the type. A value that cannot be decoded is kept as it is. */
function fromAny(any: UnknownDetail): RichDetail {
  const { typeUrl, value } = any;
  const name = typeUrl.slice(typeUrl.lastIndexOf('/') + 1);
  for (const [known, { typeName, decode }] of Object.entries(types)) {
    if (name !== typeName) continue;
    try {
      return { case: known, value: decode(value) } as RichDetail;
    } catch {
      break; // broken, or of an incompatible version
    }
  }
  return { case: 'unknown', value: any };
}

function note(leftOut: number, all: number): string {
  return `(${leftOut} of ${all} rich details left out: too large)`;
}

function join(text: string, said: string): string {
  return text === '' ? said : `${text} ${said}`;
}

function kinds(): string {
  return `one of ${detailCases.join(', ')}`;
}
