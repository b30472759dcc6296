import { Metadata } from '@grpc/grpc-js';
import { isPlainObject, kindOf } from './validate.ts';

export { Metadata };

/** Metadata of grpc-js, or a plain object. Keys that end in `-bin` take bytes. */
export type MetadataInput = Metadata | Readonly<Record<string, MetadataValueInput | readonly MetadataValueInput[]>>;
type MetadataValueInput = string | Uint8Array;

/**
 * Keys that HTTP/2 forbids or gRPC writes itself. If one of them is present, grpc-js sends nothing, and the call hangs.
 */
const RESERVED_KEYS: ReadonlySet<string> = new Set(
  (
    'connection content-length grpc-message grpc-status http2-settings keep-alive proxy-connection te ' +
    'transfer-encoding upgrade'
  ).split(' '),
);

/** Keys for which Node's http2 rejects a second value: its `kSingleValueHeaders`. */
const SINGLE_VALUE_KEYS: ReadonlySet<string> = new Set(
  (
    'access-control-allow-credentials access-control-max-age access-control-request-method age authorization ' +
    'content-encoding content-language content-length content-location content-md5 content-range content-type date dnt ' +
    'etag expires from host if-match if-modified-since if-none-match if-range if-unmodified-since last-modified ' +
    'location max-forwards proxy-authorization range referer retry-after tk upgrade-insecure-requests user-agent ' +
    'x-content-type-options'
  ).split(' '),
);

/**
 * The most values in a block of headers or trailers. Node's http2 accepts 128 headers; gRPC needs the rest for its own.
 */
const MAX_PAIRS = 100;

/**
 * The most bytes of a block of headers or trailers. nghttp2 drops a block of 64 KiB silently; gRPC needs the rest for
 * its own headers.
 */
const MAX_BLOCK_BYTES = 40 * 1024;

/**
 * The key under which a server sends a google.rpc.Status, which repeats the code and the message.
 *
 * Source: https://github.com/grpc/proposal/blob/master/L44-python-rich-status.md
 */
export const STATUS_DETAILS = 'grpc-status-details-bin';

/** Keys of HTTP itself and of proxies. Sent again, they would describe the wrong call. */
const TRANSPORT_KEYS: readonly string[] = [
  'accept-encoding',
  'alt-svc',
  'content-type',
  'date',
  'server',
  'trailer',
  'user-agent',
  'via',
];

/**
 * Converts a plain object to Metadata of grpc-js, or copies the given Metadata.
 *
 * @throws TypeError that names a key or a value that gRPC does not accept; RangeError above 40 KiB or 100 values.
 */
export function toMetadata(input: MetadataInput | undefined): Metadata {
  if (input === undefined) return new Metadata();
  const metadata = isMetadata(input) ? input.clone() : fromObject(input);
  checkSendable(metadata);
  return metadata;
}

/** Checks the methods and not the class, because each copy of grpc-js has its own class. */
export function isMetadata(input: unknown): input is Metadata {
  const { clone, toHttp2Headers } = (input ?? {}) as Partial<Metadata>;
  return typeof clone === 'function' && typeof toHttp2Headers === 'function';
}

/**
 * Rejects metadata that grpc-js accepts but cannot send. As headers of a client, such metadata hangs the call; as
 * trailers, it ends the process.
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
    throw new RangeError(`metadata: ${pairs} values are too many, at most ${MAX_PAIRS} can be sent`);
  }
  if (bytes > MAX_BLOCK_BYTES) {
    throw new RangeError(`metadata: ${bytes} bytes are too many, at most ${MAX_BLOCK_BYTES} can be sent`);
  }
}

/**
 * Removes the keys that cannot be sent, and those beyond the limits, for the trailers of a call that has already
 * failed.
 */
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

/**
 * A copy of received metadata with only the sender's own keys, without those that gRPC, HTTP and proxies have added.
 */
export function ownMetadata(metadata: Metadata): Metadata {
  const own = sendable(metadata.clone());
  for (const key of Object.keys(own.getMap())) {
    const isReserved = key.startsWith('grpc-') && key !== STATUS_DETAILS;
    if (isReserved || TRANSPORT_KEYS.includes(key)) own.remove(key);
  }
  return own;
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
        throw new TypeError(`metadata: "${key}" or its value is not valid in gRPC: ${String(cause)}`, {
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

/** The size as HTTP/2 counts it, with 32 bytes more for each value. */
function weigh(key: string, values: readonly string[]): number {
  return values.reduce((bytes, value) => bytes + key.length + value.length + 32, 0);
}
