import type { IncomingHttpHeaders } from 'node:http2';
import { Code } from '../core/status.ts';
import { isAdjusted } from './adjusted.ts';
import type { Patch } from './patch.ts';
import { percentDecode } from './percent-decode.ts';
import type { PrivateClientCall } from './private.ts';

/**
 * Reads the status in the trailers of a call as gRPC's protocol defines it.
 *
 * Problem: grpc-js decodes grpc-message with `decodeURI`, which leaves escapes of `;/?:@&=+$,#` as they are (tonic
 * sends them), and leaves all escapes if one of them is broken. It drops a text with a non-ASCII character. It accepts
 * any grpc-status that JavaScript converts to a number: an empty one is 0, so OK, and a duplicate ("5, 5") is NaN.
 * Upstream: none found.
 * Fix: every valid escape of UTF-8 is decoded, and other escapes stay. A grpc-status that is not a number is INTERNAL,
 * as in grpc-go, and the error quotes it (https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md, "Responses").
 * Remove it when spec/grpc-js/status-read.spec.ts passes without it.
 */
export const statusRead: Patch = {
  name: 'status-read',
  without: "escapes stay in the text of a foreign server's error, and an empty grpc-status is taken for OK",
  shape: {
    clientCall: { methods: { handleTrailers: 1 }, properties: ['transport'] },
  },
  apply: ({ clientCall }) => readTrailers(clientCall),
};

function readTrailers(proto: PrivateClientCall): void {
  const { handleTrailers } = proto;
  proto.handleTrailers = function (this: PrivateClientCall, trailers: IncomingHttpHeaders): void {
    handleTrailers.call(this, isAdjusted(this) ? forGrpcJs(trailers) : trailers);
  };
}

/** Rewrites the status into a form that grpc-js reads correctly: `decodeURI` reverses `encodeURI`. */
function forGrpcJs(trailers: IncomingHttpHeaders): IncomingHttpHeaders {
  const { 'grpc-status': code, 'grpc-message': message } = trailers;
  if (typeof code === 'string' && !/^-?\d+$/.test(code)) {
    const said = typeof message === 'string' ? ` (${percentDecode(message)})` : '';
    const details = `the server sent grpc-status ${JSON.stringify(code)}, which is no status code${said}`;
    return { ...trailers, 'grpc-status': String(Code.INTERNAL), 'grpc-message': encodeURI(details) };
  }
  if (typeof message !== 'string' || /^[ -$&-~]*$/.test(message)) return trailers;
  return { ...trailers, 'grpc-message': encodeURI(percentDecode(message)) };
}
