import { Metadata } from '@grpc/grpc-js';
import { isPlainObject, kindOf, type MetadataInput } from './service.ts';

/** HTTP/2 forbids these, or gRPC writes them itself; with one of them grpc-js sends nothing and the call hangs. */
const RESERVED_KEYS: ReadonlySet<string> = new Set(
  (
    'connection content-length grpc-message grpc-status http2-settings keep-alive proxy-connection te ' +
    'transfer-encoding upgrade'
  ).split(' '),
);

/** Node's http2 refuses a second value of these: the list is its `kSingleValueHeaders`. */
const SINGLE_VALUE_KEYS: ReadonlySet<string> = new Set(
  (
    'access-control-allow-credentials access-control-max-age access-control-request-method age authorization ' +
    'content-encoding content-language content-length content-location content-md5 content-range content-type date dnt ' +
    'etag expires from host if-match if-modified-since if-none-match if-range if-unmodified-since last-modified ' +
    'location max-forwards proxy-authorization range referer retry-after tk upgrade-insecure-requests user-agent ' +
    'x-content-type-options'
  ).split(' '),
);

/** Node's http2 takes 128 headers at a time; the rest is for gRPC's own. */
const MAX_PAIRS = 100;

/** What a block of headers or trailers may weigh. nghttp2 drops one of 64 KiB without a word; the rest is for its own. */
const MAX_BLOCK_BYTES = 40 * 1024;

/**
 * Metadata of one's own: a plain object made into grpc-js's Metadata, or a copy of one that was given.
 *
 * @throws TypeError that names the key or the value that gRPC does not take; RangeError above 40 KiB or 100 values.
 */
export function toMetadata(input: MetadataInput | undefined): Metadata {
  if (input === undefined) return new Metadata();
  const metadata = isMetadata(input) ? input.clone() : fromObject(input);
  checkSendable(metadata);
  return metadata;
}

// Not by its class: another copy of grpc-js has one of its own.
export function isMetadata(input: unknown): input is Metadata {
  const { clone, toHttp2Headers } = (input ?? {}) as Partial<Metadata>;
  return typeof clone === 'function' && typeof toHttp2Headers === 'function';
}

/**
 * Refuses what grpc-js would take and could not send: on a client the call would hang, and trailers end the process.
 *
 * @throws TypeError that names the key; RangeError above 40 KiB or 100 values.
 */
export function checkSendable(metadata: Metadata): void {
  let bytes = 0;
  let pairs = 0;
  for (const [key, values] of entriesOf(metadata)) {
    if (RESERVED_KEYS.has(key)) throw new TypeError(`metadata: "${key}" belongs to HTTP/2 or gRPC and cannot be sent`);
    if (values.length > 1 && SINGLE_VALUE_KEYS.has(key)) {
      throw new TypeError(`metadata: "${key}" cannot have more than one value, it has ${values.length}`);
    }
    bytes += weigh(key, values);
    pairs += values.length;
  }
  if (pairs > MAX_PAIRS) {
    throw new RangeError(`metadata: ${pairs} values are too many to be sent, at most ${MAX_PAIRS} can be`);
  }
  if (bytes > MAX_BLOCK_BYTES) {
    throw new RangeError(`metadata: ${bytes} bytes are too many to be sent, at most ${MAX_BLOCK_BYTES} can be`);
  }
}

/** What can be sent of it, for the end of a call that has failed already: key by key until it is too much. */
export function sendable(metadata: Metadata): Metadata {
  let bytes = 0;
  let pairs = 0;
  for (const [key, values] of entriesOf(metadata)) {
    const isRefused = RESERVED_KEYS.has(key) || (values.length > 1 && SINGLE_VALUE_KEYS.has(key));
    const weight = weigh(key, values);
    if (isRefused || bytes + weight > MAX_BLOCK_BYTES || pairs + values.length > MAX_PAIRS) metadata.remove(key);
    else {
      bytes += weight;
      pairs += values.length;
    }
  }
  return metadata;
}

function fromObject(input: unknown): Metadata {
  if (!isPlainObject(input)) {
    throw new TypeError(`metadata: expected a plain object or a Metadata of grpc-js, got ${kindOf(input)}`);
  }
  const metadata = new Metadata();
  for (const [key, values] of Object.entries(input)) {
    for (const value of Array.isArray(values) ? values : [values]) {
      try {
        metadata.add(key, typeof value === 'string' ? value : Buffer.from(value as Uint8Array));
      } catch (cause) {
        throw new TypeError(`metadata: "${key}" is no key, or its value no value, that gRPC takes: ${String(cause)}`, {
          cause,
        });
      }
    }
  }
  return metadata;
}

function entriesOf(metadata: Metadata): [key: string, values: string[]][] {
  return Object.entries(metadata.toHttp2Headers()).map(([key, values]) => [key, [values as string | string[]].flat()]);
}

/** As HTTP/2 counts: 32 bytes go with each. */
function weigh(key: string, values: readonly string[]): number {
  return values.reduce((bytes, value) => bytes + key.length + value.length + 32, 0);
}
