import type { Metadata } from '@grpc/grpc-js';
import type { Code } from './code.ts';
import { MAX_TIMER_MS } from './deadline.ts';
import type { RichDetail, RichDetailInput, RichDetailTypes } from './error-detail-types.ts';
import { decodeStatus, detailCases, encodeStatus, toAny } from './google-rpc.ts';
import { isMetadata } from './metadata.ts';
import { isPlainObject, kindOf } from './service.ts';
import { MAX_ESCAPED_DETAILS, shorten } from './shorten.ts';

/**
 * The rich details of an error, an {@link RpcError} or a ServiceError of plain grpc-js, in the order in which they were sent.
 * Those of other types than google.rpc's are `unknown`, with their bytes. Of what is no such error, or came without or with
 * bytes that cannot be read, there are none: it never throws.
 */
export function richDetailsOf(error: unknown): readonly RichDetail[] {
  const { metadata } = (error ?? {}) as { metadata?: unknown };
  const bytes = isMetadata(metadata) ? metadata.get(STATUS_DETAILS)[0] : undefined;
  if (typeof bytes !== 'object') return none;
  let details = read.get(bytes);
  if (details === undefined) read.set(bytes, (details = decode(bytes)));
  return details;
}

/** Rich details as JSON can say them: 64-bit integers as texts, and of a detail of another type its name and its size. */
export function printableDetails(details: readonly RichDetail[]): readonly object[] {
  const asText = (_key: string, value: unknown) => (typeof value === 'bigint' ? String(value) : value);
  return details.map(detail => {
    if (detail.case !== 'unknown') return JSON.parse(JSON.stringify(detail, asText));
    const { typeUrl, value } = detail.value;
    return { case: detail.case, value: { typeUrl, bytes: value.length } };
  });
}

/**
 * The first rich detail of a kind that an error has: `richDetail(error, 'badRequest')?.fieldViolations`; undefined when there
 * is none. See {@link richDetailsOf}.
 *
 * @throws TypeError when there is no such kind.
 */
export function richDetail<K extends keyof RichDetailTypes>(error: unknown, kind: K): RichDetailTypes[K] | undefined {
  if (!detailCases.includes(kind)) throw new TypeError(`richDetail: expected ${kinds()}, got ${kindOf(kind)}`);
  return richDetailsOf(error).find(detail => detail.case === kind)?.value as RichDetailTypes[K] | undefined;
}

/**
 * The rich detail that tells callers how long to wait before the next try.
 *
 * @param delayMs milliseconds, 0 or more, to the nanosecond.
 * @throws RangeError when it is less than 0, or more than google.protobuf.Duration can say (10,000 years).
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
 * The milliseconds that the server asks to wait before the next try; undefined when it says nothing of it. From 0 to 2^31 - 1,
 * which a timer of Node can wait, whatever the server says.
 */
export function retryDelayMs(error: unknown): number | undefined {
  const delay = richDetail(error, 'retryInfo')?.retryDelay;
  if (delay === undefined) return undefined;
  return Math.min(Math.max(Number(delay.seconds) * 1000 + delay.nanos / 1e6, 0), MAX_TIMER_MS);
}

/**
 * The text and the metadata of an error with these rich details; the metadata is a copy. What does not fit into a header is
 * left out from the end, and the text says so, there and in the google.rpc.Status.
 *
 * @throws TypeError when the metadata has some already; that names the field whose value does not fit, or what is no rich detail.
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
  const whole = encodeStatus({ code, message });
  if (fitting(whole, parts) === parts.length) {
    metadata.set(STATUS_DETAILS, Buffer.concat([whole, ...parts]));
    return { text, metadata };
  }
  const head = (leftOut: number) => encodeStatus({ code, message: join(message, note(leftOut, parts.length)) });
  const kept = fitting(head(parts.length), parts);
  const leftOut = parts.length - kept;
  metadata.set(STATUS_DETAILS, Buffer.concat([head(leftOut), ...parts.slice(0, kept)]));
  const said = note(leftOut, parts.length);
  return { text: join(shorten(text, MAX_ESCAPED_DETAILS - encodeURI(`… ${said}`).length), said), metadata };
}

/**
 * Under this key a server sends a google.rpc.Status, with the code and the text once more.
 *
 * Source: https://github.com/grpc/proposal/blob/master/L44-python-rich-status.md
 */
export const STATUS_DETAILS = 'grpc-status-details-bin';

/**
 * Of the google.rpc.Status: 6 KiB when it is base64. Others refuse all trailers of a call together above 8 KiB: Java
 * (GrpcUtil.DEFAULT_MAX_HEADER_LIST_SIZE), C-core and what is made of it (some calls above 8 KiB, all above 16 KiB:
 * GRPC_ARG_MAX_METADATA_SIZE in channel_arg_names.h), Go as it announces (now 16 MiB: internal/transport/defaults.go). Of the
 * other 2 KiB a few hundred bytes are gRPC's own, and the rest is for the text and for trailers of the user's.
 */
const MAX_STATUS_BYTES = (6 * 1024 * 3) / 4;

/** The text once more, in the google.rpc.Status: it must leave room for the details. */
const MAX_STATUS_MESSAGE = 1024;

const MAX_DURATION_MS = 315_576_000_000_000;

const none: readonly RichDetail[] = Object.freeze([]);

/** By the bytes, of which each error has its own: `error.richDetails` is the same list each time. */
const read = new WeakMap<Uint8Array, readonly RichDetail[]>();

function decode(bytes: Uint8Array): readonly RichDetail[] {
  try {
    const details = decodeStatus(bytes);
    // JSON has no 64-bit integers, and loggers write bytes number by number.
    Object.defineProperty(details, 'toJSON', { value: () => printableDetails(details) });
    return Object.freeze(details);
  } catch {
    return none;
  }
}

/** Each as a google.rpc.Status with nothing but it: encoded messages that are put together are one message. */
function encode(details: readonly RichDetailInput[]): readonly Buffer[] {
  if (!Array.isArray(details)) {
    throw new TypeError(`RpcError: expected richDetails to be a list, got ${kindOf(details)}`);
  }
  return details.map((detail: RichDetailInput, index) => {
    if (!isPlainObject(detail) || !detailCases.includes(detail.case)) {
      const got = kindOf(isPlainObject(detail) ? detail['case'] : detail);
      throw new TypeError(`RpcError: expected richDetails[${index}].case to be ${kinds()}, got ${got}`);
    }
    return encodeStatus({ details: [toAny(detail)] });
  });
}

/** How many of the parts have room behind the head. */
function fitting(head: Buffer, parts: readonly Buffer[]): number {
  let bytes = head.length;
  const tooMany = parts.findIndex(part => (bytes += part.length) > MAX_STATUS_BYTES);
  return tooMany === -1 ? parts.length : tooMany;
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
