import { constants, type IncomingHttpHeaders, type OutgoingHttpHeaders } from 'node:http2';
import { Code, MAX_ESCAPED_DETAILS, shorten } from '../core/status.ts';
import { parseTimeout } from './grpc-timeout.ts';
import { isOurProtobuf, isOurs } from './our-handlers.ts';
import type { Patch } from './patch.ts';
import type { PrivateServer } from './private.ts';

const { HTTP_STATUS_OK, HTTP_STATUS_METHOD_NOT_ALLOWED, HTTP_STATUS_UNSUPPORTED_MEDIA_TYPE } = constants;

/** The encodings that grpc-js can decompress. */
const ENCODINGS: readonly string[] = ['identity', 'deflate', 'gzip'];

type Handler = Parameters<typeof isOurs>[0];

/**
 * Refuses a request that violates the gRPC protocol before it reaches a handler.
 *
 * Problem: grpc-js does not check the HTTP method, and accepts every content-type that begins with `application/grpc`.
 * It accepts an unknown `grpc-encoding` until a message is compressed. It calls the handler of a call with an
 * ill-formed `grpc-timeout`, or reads only the last eight digits. Upstream: none found.
 * Fix: the headers are checked before grpc-js looks for a handler. An HTTP method other than POST gets HTTP 405 and
 * INTERNAL, as in grpc-go. Another content-type gets HTTP 415 and UNKNOWN, an unknown compression UNIMPLEMENTED, and an
 * ill-formed timeout INTERNAL (https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md,
 * https://github.com/grpc/grpc/blob/master/doc/compression.md).
 * Remove it when spec/grpc-js/only-grpc.spec.ts passes without it.
 */
export const onlyGrpc: Patch = {
  name: 'only-grpc',
  without: 'a request with another verb, a foreign content-type or an unknown compression reaches its handler',
  shape: {
    server: { methods: { _verifyContentType: 2 }, properties: ['handlers'] },
  },
  apply: ({ server }) => checkHeaders(server),
};

function checkHeaders(proto: PrivateServer): void {
  const { _verifyContentType } = proto;
  proto._verifyContentType = function (this: PrivateServer, stream, headers): boolean {
    const handler = this.handlers.get(headers[':path'] as string);
    const refusal = handler !== undefined && isOurs(handler) ? refusalOf(headers, handler) : undefined;
    if (refusal === undefined) return _verifyContentType.call(this, stream, headers);
    stream.respond({ 'content-type': 'application/grpc+proto', ...refusal }, { endStream: true });
    return false;
  };
}

/** The response that refuses a request; undefined for a valid request. */
function refusalOf(headers: IncomingHttpHeaders, handler: Handler): OutgoingHttpHeaders | undefined {
  const verb = headers[':method'];
  if (verb !== 'POST') {
    const refused = refusal(HTTP_STATUS_METHOD_NOT_ALLOWED, Code.INTERNAL, `a gRPC call is a POST, not a ${verb}`);
    return { ...refused, allow: 'POST' };
  }
  const contentType = headers['content-type'];
  if (contentType?.startsWith('application/grpc') && !isGrpc(contentType, isOurProtobuf(handler))) {
    const details = `expected content-type application/grpc or application/grpc+proto, got ${contentType}`;
    return refusal(HTTP_STATUS_UNSUPPORTED_MEDIA_TYPE, Code.UNKNOWN, details);
  }
  const encoding = headers['grpc-encoding'];
  if (encoding !== undefined && !ENCODINGS.includes(String(encoding))) {
    const details = `expected grpc-encoding to be one of ${ENCODINGS.join(', ')}, got ${encoding}`;
    return { ...refusal(HTTP_STATUS_OK, Code.UNIMPLEMENTED, details), 'grpc-accept-encoding': ENCODINGS.join(',') };
  }
  const timeout = headers['grpc-timeout'];
  if (timeout !== undefined && parseTimeout(String(timeout)) === undefined) {
    const details = `expected grpc-timeout to be 1 to 8 digits and one of H, M, S, m, u, n, got ${timeout}`;
    return refusal(HTTP_STATUS_OK, Code.INTERNAL, details);
  }
  return undefined;
}

/** The subtype names the message format. A method whose format is unknown accepts any subtype. */
function isGrpc(contentType: string, isProtobuf: boolean): boolean {
  if (contentType === 'application/grpc' || contentType === 'application/grpc+proto') return true;
  return (isProtobuf ? PROTOBUF : ANY_FORMAT).test(contentType);
}

const PROTOBUF = /^application\/grpc(\+proto)?\s*(;|$)/;
const ANY_FORMAT = /^application\/grpc(\+[^;\s]+)?\s*(;|$)/;

function refusal(httpStatus: number, code: Code, details: string): OutgoingHttpHeaders {
  return {
    ':status': httpStatus,
    'grpc-status': code,
    'grpc-message': encodeURI(shorten(details, MAX_ESCAPED_DETAILS)),
  };
}
