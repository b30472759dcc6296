import type { IncomingHttpHeaders } from 'node:http2';
import { Code } from '../core/status.ts';
import { isAdjusted } from './adjusted.ts';
import type { Patch } from './patch.ts';
import { percentDecode } from './percent-decode.ts';
import type { PrivateClientCall } from './private.ts';

/**
 * The status of a call is what its trailers say, read as gRPC's protocol has it.
 *
 * Wrong: grpc-js decodes grpc-message with `decodeURI`, which leaves escapes of `;/?:@&=+$,#` as they are (tonic sends them), and
 * all of them where one is broken; a text with a character that is no ASCII is dropped. Of grpc-status it reads whatever
 * JavaScript takes for a number: nothing is 0, so OK, and two of them ("5, 5") are NaN. Upstream: none found.
 * Mended: every valid escape of UTF-8 is decoded, and the others stay. A grpc-status that is no number is INTERNAL, as with grpc-go,
 * and the error says what came (https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md, "Responses").
 * Not needed any more when spec/grpc-js/status-read.spec.ts passes without it.
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

/** The same status in a form that grpc-js reads as it is meant: `decodeURI` gives back what `encodeURI` was given. */
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
