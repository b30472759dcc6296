import { addAbortSignal } from 'node:stream';
import { isAdjusted } from './adjusted.ts';
import type { Patch } from './patch.ts';
import type { PrivateClientCall } from './private.ts';

const aborted = AbortSignal.abort();

/**
 * A cancelled call is reset, and nothing else.
 *
 * Wrong: grpc-js ends a cancelled call with Node's `http2stream.close()`, which first ends the writable side: an idle upload
 * puts DATA(END_STREAM) on the wire before its RST_STREAM(CANCEL), and a server that sees the first before the second takes
 * the upload for complete. Upstream: none found for grpc-node; the order is Node's (`closeStream` in lib/internal/http2/core.js).
 * Mended: the HTTP/2 stream is destroyed with Node's own AbortError, for which Node sends RST_STREAM(CANCEL) alone.
 * Not needed any more when spec/grpc-js/reset-alone.spec.ts passes without it.
 */
export const resetAlone: Patch = {
  name: 'reset-alone',
  without: 'a server of another make may take a cancelled upload for a complete one',
  shape: {
    clientCall: { methods: { destroyHttp2Stream: 0 }, properties: ['http2Stream', 'serverEndedCall', 'transport'] },
  },
  apply: ({ clientCall }) => resetCancelledCalls(clientCall),
};

function resetCancelledCalls(proto: PrivateClientCall): void {
  const { destroyHttp2Stream } = proto;
  proto.destroyHttp2Stream = function (this: PrivateClientCall): void {
    if (this.serverEndedCall || !isAdjusted(this)) destroyHttp2Stream.call(this);
    else addAbortSignal(aborted, this.http2Stream);
  };
}
